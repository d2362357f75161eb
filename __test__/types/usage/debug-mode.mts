import { createServer } from 'xypriss'

const app = createServer({
    cluster: {
        enabled: true,
        config: {
            workers: 2,
        },
    },
    logging: {
        enabled: true,
        types: {
            debug: true, // Enable debug logging
        },
        components: {
            cluster: true, // Enable cluster-specific logs
        },
    },
});
