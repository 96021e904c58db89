package oracle

// Debian is what libpcap 1.10.3, which Debian 12 has, knows in common with 1.11.
var Debian = Extent{LiveOnly: true, Without: []string{"vxlan"}}
