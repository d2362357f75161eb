/** The only file that loads the addon. */
import type * as Binding from '../binding'

export type { NativeAgent, NativeCluster, NativeEvent, NativeWorker } from '../binding'

/** What `binding.js`, the loader that napi-cli generates, gives. */
export const binding = load()

function load(): typeof Binding {
  const { platform, arch } = process
  // Ahead of the loader, whose list of files that it did not find says nothing to a user.
  if (!['linux', 'darwin'].includes(platform) || !['x64', 'arm64'].includes(arch)) {
    throw new Error(
      `xypriss-cluster does not support ${platform} on ${arch}: it runs on Linux (glibc or musl) and macOS, on x64 and arm64`,
    )
  }
  return require('../binding.js')
}
