package cli

import "github.com/spf13/cobra"

// newNodeCommand is the group of what operators do with nodes. Without one of its subcommands it is the node's process itself.
func newNodeCommand(a *app) *cobra.Command {
	return group("node", "Data-plane nodes: list and steer them", newNodeAdminCommands(a)...)
}
