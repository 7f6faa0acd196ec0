using System.Runtime.CompilerServices;

// The tests of this repository, which are not part of the package.
[assembly: InternalsVisibleTo("Polyspan.Unity.Tests")]
