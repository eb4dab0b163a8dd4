/// The version of this package's code. A cluster works with one version at a time, its tokens with that of their cluster.
module k3s_daas::version;

const VERSION: u64 = 1;

/// The version of this code.
public fun current(): u64 { VERSION }
