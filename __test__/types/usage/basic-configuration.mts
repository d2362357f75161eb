import { createServer } from "xypriss";

const app = createServer({
    cluster: {
        enabled: true,
        config: {
            workers: 4,           // Number of workers (or "auto")
            autoRestart: true,    // Auto-restart failed workers
        },
    },
});
