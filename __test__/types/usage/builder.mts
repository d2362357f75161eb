import { buildCluster } from 'xypriss/cluster';

const cluster = buildCluster()
  .withWorkers('auto')
  .withHealthCheck({ interval: 30000, timeout: 10000 })
  .withAutoScaling({
    enabled: true,
    minWorkers: 2,
    maxWorkers: 8
  })
  .withSecurity({ isolateWorkers: true })
  .enableProductionMode()
  .create();
