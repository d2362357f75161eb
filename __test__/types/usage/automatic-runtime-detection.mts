import { createServer } from 'xypriss'

// XyPriss automatically detects Bun and uses appropriate cluster manager
const app = createServer({
    cluster: {
        enabled: true,
        config: {
            workers: "auto", // Automatically determines optimal worker count
        },
    },
});
