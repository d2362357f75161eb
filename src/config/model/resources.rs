//! What workers may take of the machine, and how many of them there are to be.

use serde::{Deserialize, Serialize};

use super::{
  super::{
    field::{
      Action, Change,
      Fallback::{Computed, Fields, Flag as On, Nothing, Number, Text as Word},
      Field, Kind, PERCENT, PERCENT_OF_CORE, SIZE, Section, count, millis,
    },
    units::{Bytes, Millis},
    words::Priority,
  },
  section,
};

section! {
  /// Memory, processor time and priority of workers.
  ResourceConfig {
    /// Memory that a worker may have resident. One that has reached `memoryCriticalThreshold` of it is replaced.
    max_memory_per_worker "maxMemoryPerWorker": Option<Bytes>, SIZE, Nothing("no limit"), Acted, Live;
    /// Processor time that a worker may take, in per cent of one core. One that takes more is replaced.
    max_cpu_per_worker "maxCpuPerWorker": Option<f64>, PERCENT_OF_CORE, Nothing("no limit"), Acted, Live;
    /// How much workers matter to the operating system's scheduler: a nice value of 10, the master's own, -5 or -10. Those above `normal` need the right to it.
    priority_level "priorityLevel": Priority, Kind::Word(Priority::WORDS), Word("normal"), Acted, Reborn;
    /// Files and sockets that a worker may have open. More than the master may have needs the right to it.
    file_descriptor_limit "fileDescriptorLimit": Option<u32>, Kind::Count { min: 64, max: 1_048_576 }, Nothing("the master's own"), Acted, Reborn;
    /// Memory of all workers.
    memory_management "memoryManagement": MemoryManagementConfig, Kind::Section(&MemoryManagementConfig::SECTION), Fields, Acted, Live;
    /// What is done about a worker that takes too much.
    enforcement "enforcement": EnforcementConfig, Kind::Section(&EnforcementConfig::SECTION), Fields, Acted, Live;
    /// What workers are tuned for.
    performance_optimization "performanceOptimization": PerformanceOptimizationConfig, Kind::Section(&PerformanceOptimizationConfig::SECTION), Fields, Acted, Live;
  }
}

section! {
  /// Memory of all workers.
  MemoryManagementConfig {
    /// Whether it is watched, and limits of it enforced.
    enabled "enabled": bool, Kind::Flag, On(true), Acted, Live;
    /// What all workers may have together, shared pages counted once. At `memoryCriticalThreshold` of it the largest worker is replaced.
    max_total_memory "maxTotalMemory": Option<Bytes>, SIZE, Nothing("what the machine or container has"), Acted, Live;
    /// Between two readings, of memory and of processor time.
    memory_check_interval "memoryCheckInterval": Millis, millis(1), Number(30_000.0), Acted, Live;
    /// From where on `memory:warning` is emitted, in per cent of the limit; below `memoryCriticalThreshold`.
    memory_warning_threshold "memoryWarningThreshold": f64, PERCENT, Number(80.0), Acted, Live;
    /// From where on `memory:critical` is emitted and something is done, in per cent of the limit.
    memory_critical_threshold "memoryCriticalThreshold": f64, PERCENT, Number(95.0), Acted, Live;
    /// Whether workers are watched for leaks. One that leaks is told by `memory:leak`.
    memory_leak_detection "memoryLeakDetection": bool, Kind::Flag, On(true), Acted, Live;
    /// How leaks are looked for. At the default interval a judgement takes 42 minutes.
    leak_detection "leakDetection": LeakDetectionConfig, Kind::Section(&LeakDetectionConfig::SECTION), Fields, Acted, Live;
    /// Whether workers near their limit are asked to collect garbage. It costs time that requests wait for.
    garbage_collection_hint "garbageCollectionHint": bool, Kind::Flag, On(false), Acted, Live;
    /// What workers must leave free for others. While less is, the largest worker is replaced.
    memory_reservation "memoryReservation": Bytes, SIZE, Word("0B"), Acted, Live;
  }
}

section! {
  /// How leaks are looked for. At the default interval a judgement takes 42 minutes.
  LeakDetectionConfig {
    /// Readings of a new worker that say nothing of it: it loads modules and fills caches.
    warm_up_samples "warmUpSamples": u32, count(0), Number(20.0), Acted, Live;
    /// Readings of which the lowest counts.
    window_samples "windowSamples": u32, count(1), Number(4.0), Acted, Live;
    /// Such lowest ones that a judgement needs.
    minima "minima": u32, count(8), Number(16.0), Acted, Live;
    /// A leak that takes longer to reach the limit is not told.
    horizon "horizon": Millis, millis(1), Number(86_400_000.0), Acted, Live;
    /// Whether a worker that leaks is replaced when it reaches `memoryWarningThreshold`, rather than at its limit.
    recycle "recycle": bool, Kind::Flag, On(false), Acted, Live;
  }
}

section! {
  /// What is done about a worker that takes too much.
  EnforcementConfig {
    /// Both of the following, looked at ten times a second.
    enforce_hard_limits "enforceHardLimits": bool, Kind::Flag, On(false), Acted, Live;
    /// Whether a worker above `maxMemoryPerWorker` is killed at once, requests and all. Looked at once a second.
    kill_on_memory_exceed "killOnMemoryExceed": bool, Kind::Flag, On(false), Acted, Live;
    /// Whether a worker above `maxCpuPerWorker` for a second is killed at once, requests and all.
    kill_on_cpu_exceed "killOnCpuExceed": bool, Kind::Flag, On(false), Acted, Live;
    /// Readings in a row above a limit after which a worker is replaced.
    consecutive_checks "consecutiveChecks": u32, Kind::Count { min: 1, max: 1_000 }, Number(3.0), Acted, Live;
  }
}

section! {
  /// What workers are tuned for.
  PerformanceOptimizationConfig {
    /// Smaller heaps, for more collections of garbage: `--smol` on Bun, `--optimize-for-size` and small new spaces on Node.js.
    low_memory_mode "lowMemoryMode": bool, Kind::Flag, On(false), Acted, Reborn;
    /// Each worker is kept on one processor of its own, as far as there are enough. Linux only.
    cpu_optimization "cpuOptimization": bool, Kind::Flag, On(false), Acted, Reborn;
    /// Workers' files come before those of other processes of the same kind. Linux only.
    io_optimization "ioOptimization": bool, Kind::Flag, On(false), Acted, Reborn;
  }
}

section! {
  /// Automatic scaling.
  AutoScalingConfig {
    /// Whether the number of workers follows the load.
    enabled "enabled": bool, Kind::Flag, On(false), Acted, Live;
    /// The fewest.
    min_workers "minWorkers": u32, Kind::Count { min: 1, max: 512 }, Number(1.0), Acted, Live;
    /// The most; not below `minWorkers`.
    max_workers "maxWorkers": u32, Kind::Count { min: 1, max: 512 }, Computed("one per processor, not below `minWorkers` and `workers`"), Acted, Live;
    /// After a change, before the next. Counts from when the workers are there, or gone.
    cooldown_period "cooldownPeriod": Millis, millis(0), Number(60_000.0), Acted, Live;
    /// The most workers that are added or removed at once.
    scale_step "scaleStep": u32, Kind::Count { min: 1, max: 512 }, Number(1.0), Acted, Live;
    /// Between two looks at the load.
    evaluation_interval "evaluationInterval": Millis, millis(1), Number(10_000.0), Acted, Live;
    /// When there are too few workers. One of these is enough.
    scale_up_threshold "scaleUpThreshold": ScaleUpThresholdConfig, Kind::Section(&ScaleUpThresholdConfig::SECTION), Fields, Acted, Live;
    /// When there are too many workers. All of these are needed.
    scale_down_threshold "scaleDownThreshold": ScaleDownThresholdConfig, Kind::Section(&ScaleDownThresholdConfig::SECTION), Fields, Acted, Live;
  }
}

section! {
  /// When there are too few workers. One of these is enough.
  ScaleUpThresholdConfig {
    /// Processor time of the workers, in per cent of one core each.
    cpu "cpu": f64, PERCENT, Number(75.0), Acted, Live;
    /// Memory of the workers, in per cent of `resources.maxMemoryPerWorker`; not looked at without that.
    memory "memory": f64, PERCENT, Number(80.0), Acted, Live;
    /// Mean time of a request.
    response_time "responseTime": Millis, millis(1), Number(1_000.0), Acted, Live;
    /// Requests that wait for a worker, or on a worker behind another request.
    queue_length "queueLength": u32, count(1), Number(100.0), Acted, Live;
    /// Looks in a row that must agree.
    consecutive_checks "consecutiveChecks": u32, Kind::Count { min: 1, max: 1_000 }, Number(2.0), Acted, Live;
  }
}

section! {
  /// When there are too many workers. All of these are needed.
  ScaleDownThresholdConfig {
    /// Processor time of the workers, in per cent of one core each; below that of `scaleUpThreshold`.
    cpu "cpu": f64, PERCENT, Number(30.0), Acted, Live;
    /// Memory of the workers, in per cent of `resources.maxMemoryPerWorker`, if there is that; below that of `scaleUpThreshold`.
    memory "memory": f64, PERCENT, Number(50.0), Acted, Live;
    /// How long at least one worker must have had nothing to do.
    idle_time "idleTime": Millis, millis(0), Number(60_000.0), Acted, Live;
    /// Looks in a row that must agree. More than for scaling up: a worker too many costs less than one too few.
    consecutive_checks "consecutiveChecks": u32, Kind::Count { min: 1, max: 1_000 }, Number(5.0), Acted, Live;
  }
}
