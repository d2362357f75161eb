// In worker processes
if (process.env.WORKER_ID) {
    console.log(`Running as worker: ${process.env.WORKER_ID}`);
    console.log(`Worker port: ${process.env.WORKER_PORT}`);
}

// In master process
if (!process.env.WORKER_ID) {
    console.log("Running as cluster master");
}

export {}
