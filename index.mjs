/** ESM entry: the names of the CommonJS implementation. */
export * from './dist/index.js'
