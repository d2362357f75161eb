import { createServer } from 'xypriss'

declare const app: ReturnType<typeof createServer>

app.get("/cluster/status", async (req, res) => {
    const metrics = await app.getClusterMetrics();
    const health = await app.getClusterHealth();
    const workers = app.getAllWorkers();

    res.json({
        cluster: {
            runtime: "Bun",
            metrics,
            health,
            workers: workers.map(w => ({
                id: w.id,
                port: w.port,
                status: w.status,
                health: w.health.status,
                uptime: Date.now() - w.startTime,
                restarts: w.restarts,
            })),
        },
    });
});
