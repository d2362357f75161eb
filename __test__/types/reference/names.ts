/** Names that the snippets of the reference use and do not import. */
export type { BunIPCManager } from 'xypriss-cluster'
