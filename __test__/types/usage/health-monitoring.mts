import { createServer } from 'xypriss'

declare const app: ReturnType<typeof createServer>

// Automatic health checks every 30 seconds
// Workers are marked unhealthy if:
// - Process has exited
// - No response to health checks
// - Consecutive failures exceed threshold

// Manual health check
const health = await app.getClusterHealth();
if (!health.healthy) {
    console.log("Cluster needs attention:", health.details);
}
