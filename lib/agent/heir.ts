/** Options of an app with some of them replaced. */

/** `object` with other values. Not a copy: what `export default` gives may be an instance with methods. */
export function heir<T extends object>(object: T, values: object): T {
  const own = Object.entries(values).map(([name, value]) => [name, { value, enumerable: true }])
  return Object.create(object, Object.fromEntries(own))
}
