import { createServer } from 'xypriss'

declare const app: ReturnType<typeof createServer>

process.on('SIGINT', async () => {
    console.log('Shutting down Bun cluster gracefully...');
    try {
        await app.stopCluster(true); // Graceful shutdown
        process.exit(0);
    } catch (error) {
        console.error('Error during shutdown:', error);
        process.exit(1);
    }
});
