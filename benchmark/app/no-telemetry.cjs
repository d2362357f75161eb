/** Loaded before the agent: keeps the worker's telemetry page from being found, so that nothing is told by it. */
delete process.env.XYPRISS_CLUSTER_PAGE
