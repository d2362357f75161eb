/** A class that adds private fields to objects of others: unseen by the app, and at less cost than a `WeakMap`. */
export class Given {
  constructor(object: object) {
    // biome-ignore lint/correctness/noConstructorReturn: what makes the fields of a subclass those of `object`.
    return object
  }
}
