import { createServer } from 'xypriss'

// For CPU-intensive tasks
const cpuWorkers = Math.max(1, navigator.hardwareConcurrency - 1);

// For I/O-intensive tasks  
const ioWorkers = navigator.hardwareConcurrency * 2;

// Auto-detection (recommended)
const app = createServer({
    cluster: {
        enabled: true,
        config: {
            workers: "auto", // Automatically optimizes based on system
        },
    },
});
