import { createServer } from 'xypriss'

declare const app: ReturnType<typeof createServer>

// Handle cluster startup errors
try {
    await app.start();
} catch (error) {
    if (error.message.includes("cluster")) {
        console.log("Cluster failed to start, falling back to single process");
        // Fallback logic
    }
}

// Handle worker failures
app.on("worker:exit", (data) => {
    console.log(`Worker ${data.workerId} exited with code ${data.exitCode}`);
    // Custom restart logic if needed
});
