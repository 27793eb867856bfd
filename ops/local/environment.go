package local

import (
	"context"
	"fmt"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	cpv1 "github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1"
	"github.com/fluent-oms/fluent/proto/gen/fluent/controlplane/v1/controlplanev1connect"
)

// The one region and the one environment of a local installation.
const (
	regionName      = "local"
	environmentName = "shared"
)

// prepareEnvironment makes the region and the shared environment, or brings them up to date with the options of this run.
func (i *Installation) prepareEnvironment(ctx context.Context, cp *controlPlane) error {
	regions := controlplanev1connect.NewRegionServiceClient(cp.client)
	_, err := regions.CreateRegion(ctx, &cpv1.CreateRegionRequest{
		Region: &cpv1.Region{
			Name: regionName, DisplayName: "This machine", Country: "AU", Jurisdictions: []string{"AU"}, Endpoints: []string{"http://" + i.state.Gateway},
		},
	})
	if err != nil && connect.CodeOf(err) != connect.CodeAlreadyExists {
		return fmt.Errorf("create the region: %w", err)
	}
	environments := controlplanev1connect.NewEnvironmentServiceClient(cp.client)
	wanted := &cpv1.Environment{
		Name: environmentName, DisplayName: "Shared environment", Region: regionName, Kind: cpv1.EnvironmentKind_ENVIRONMENT_KIND_SHARED,
		DatabaseUrl: i.database.url, Driver: cpv1.NodeDriver_NODE_DRIVER_PROCESS, NodeCount: int32(i.config.Nodes), Release: i.config.Release,
	}
	_, err = environments.CreateEnvironment(ctx, &cpv1.CreateEnvironmentRequest{Environment: wanted})
	if err == nil {
		i.say("region %s and environment %s made", regionName, environmentName)
		return nil
	}
	if connect.CodeOf(err) != connect.CodeAlreadyExists {
		return fmt.Errorf("create the environment: %w", err)
	}
	_, err = environments.UpdateEnvironment(ctx, &cpv1.UpdateEnvironmentRequest{
		Environment: wanted, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"database_url", "node_count", "release"}},
	})
	if err != nil {
		return fmt.Errorf("update the environment: %w", err)
	}
	i.say("environment %s taken up again", environmentName)
	return nil
}
