import { createServer } from 'xypriss'

declare const app: ReturnType<typeof createServer>

// Scale up workers
await app.scaleUp(2);

// Scale down workers  
await app.scaleDown(1);

// Get cluster metrics
const metrics = await app.getClusterMetrics();
console.log(`Active workers: ${metrics.activeWorkers}`);

// Check cluster health
const health = await app.getClusterHealth();
console.log(`Cluster healthy: ${health.healthy}`);

// Get all workers
const workers = app.getAllWorkers();
workers.forEach(worker => {
    console.log(`Worker ${worker.id} on port ${worker.port}: ${worker.status}`);
});
