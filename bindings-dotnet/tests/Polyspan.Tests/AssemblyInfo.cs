using Xunit;

// One polyspan runs per process, and it listens to everything in it.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
