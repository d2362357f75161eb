/** The only file that loads the addon. */
import type * as Binding from '../binding'

export type {
  NativeAgent,
  NativeChannel,
  NativeCluster,
  NativeEvent,
  NativeMemoryManager,
  NativeProcessMonitor,
  NativeTelemetry,
  NativeWorker,
} from '../binding'

/** The loader that napi-cli generates. Its path is right from `dist/`, where this file and the agent end up. */
const LOADER = '../binding.js'

/** The addon. */
export const binding = load()

function load(): typeof Binding {
  // A worker is told which file its master has loaded: the search for it costs more than all else that the agent does.
  const known = process.env.XYPRISS_CLUSTER_ADDON
  if (known !== undefined) {
    const addon = { exports: {} as typeof Binding }
    process.dlopen(addon, known)
    return addon.exports
  }
  const { platform, arch } = process
  // Ahead of the loader, whose list of files that it did not find says nothing to a user.
  if (!['linux', 'darwin'].includes(platform) || !['x64', 'arm64'].includes(arch)) {
    throw new Error(
      `xypriss-cluster does not support ${platform} on ${arch}: it runs on Linux (glibc or musl) and macOS, on x64 and arm64`,
    )
  }
  return usual(platform, arch) ?? require(LOADER)
}

/**
 * From where it is almost always. The loader looks there too, but reads files to learn of the C library first, and on
 * Bun the module for files alone takes more than a megabyte.
 */
function usual(platform: string, arch: string): typeof Binding | undefined {
  const { NAPI_RS_NATIVE_LIBRARY_PATH, NAPI_RS_FORCE_WASI, NAPI_RS_ENFORCE_VERSION_CHECK } = process.env
  // Told to load another one, or to look at it first.
  if (NAPI_RS_NATIVE_LIBRARY_PATH || NAPI_RS_FORCE_WASI || NAPI_RS_ENFORCE_VERSION_CHECK) return undefined
  const target = platform === 'linux' ? `linux-${arch}-gnu` : `${platform}-${arch}`
  for (const place of [`../xypriss-cluster.${target}.node`, `xypriss-cluster-${target}`]) {
    try {
      return require(place)
    } catch {
      // The loader says what is wrong if it does not find another one.
    }
  }
  return undefined
}
