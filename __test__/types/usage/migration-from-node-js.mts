import { createServer } from 'xypriss'

// This configuration works on both Node.js and Bun
const app = createServer({
    cluster: {
        enabled: true,
        config: {
            workers: "auto",
            autoRestart: true,
        },
    },
});

// Runtime is automatically detected
// No code changes required!
