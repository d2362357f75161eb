import { createServer } from 'xypriss'

const app = createServer({
    cluster: {
        enabled: true,
        config: {
            workers: "auto",      // Auto-detect optimal worker count
            autoRestart: true,    // Enable auto-restart
            maxRestarts: 5,       // Max restarts per worker
            healthCheckInterval: 30000, // Health check interval (ms)
        },
    },
});
