/** Of Bun and of Node.js from 21 on; the typings are those of Node.js 20. */
declare const navigator: { readonly hardwareConcurrency: number }
