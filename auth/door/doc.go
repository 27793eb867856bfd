// Package door is what every process of ours has between itself and whoever calls: where a request comes from and what it asks for, how
// much of its body may be held, how many connections there may be, and what of a caller's text goes into a log. Gateways, nodes and
// control-plane servers share it, for each of them may be the one that strangers reach. It knows nothing of what a request means.
package door
