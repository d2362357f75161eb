/** Types about types. A line that expects what is not true does not compile. */

/** Whether two types are the same; `any` is the same as itself only. */
export type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** Compiles for `true` only. */
export type Expect<T extends true> = T

/** The names of `Reference`, without those of `Inherited`, that `Ours` does not have with the same type. */
export type Different<Reference, Ours, Inherited = unknown> = {
  [Name in Exclude<keyof Reference, keyof Inherited>]: Name extends keyof Ours
    ? Equal<Reference[Name], Ours[Name]> extends true
      ? never
      : Name
    : Name
}[Exclude<keyof Reference, keyof Inherited>]

/** As {@link Different}, for methods that give their own class: what they take, and that they give `Ours`. */
export type DifferentFluent<Reference, Ours> = {
  [Name in keyof Reference]: Name extends keyof Ours
    ? [Reference[Name], Ours[Name]] extends [(...args: infer A) => infer R, (...args: infer B) => infer S]
      ? [Equal<A, B>, Equal<R extends Reference ? Ours : R, S>] extends [true, true]
        ? never
        : Name
      : Name
    : Name
}[keyof Reference]

/** Whether `Ours` takes what `Reference` takes, and a port besides. */
export type TakesPortBesides<Reference, Ours> = [Reference, Ours] extends [
  (...args: infer A) => infer R,
  (...args: infer B) => infer S,
]
  ? [Equal<B, [...A, basePort?: number]>, Equal<R, S>] extends [true, true]
    ? true
    : false
  : false
