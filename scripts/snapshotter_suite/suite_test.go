// Package suite runs containerd's own tests of snapshotters against hermes daemon, and against containerd's overlayfs beside it.
package suite

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	snapshotsapi "github.com/containerd/containerd/api/services/snapshots/v1"
	"github.com/containerd/containerd/snapshots"
	"github.com/containerd/containerd/snapshots/overlay"
	"github.com/containerd/containerd/snapshots/proxy"
	"github.com/containerd/containerd/snapshots/testsuite"
	"google.golang.org/grpc"
)

func TestOverlayfs(t *testing.T) {
	testsuite.SnapshotterSuite(t, "overlayfs", func(_ context.Context, root string) (snapshots.Snapshotter, func() error, error) {
		snapshotter, err := overlay.NewSnapshotter(root)
		if err != nil {
			return nil, nil, err
		}
		return snapshotter, snapshotter.Close, nil
	})
}

func TestHermes(t *testing.T) {
	testsuite.SnapshotterSuite(t, "hermes", daemon)
}

// daemon starts the program HERMES as a snapshotter of its own in root. The function that it returns ends it, and fails when it does
// not end with exit code 0.
func daemon(ctx context.Context, root string) (snapshots.Snapshotter, func() error, error) {
	// Beside the root. A socket's path has at most 107 bytes (unix(7)).
	address := filepath.Join(filepath.Dir(root), "sock")
	command := exec.Command(os.Getenv("HERMES"), "daemon", "--root", root, "--address", address)
	command.Stderr = os.Stderr
	if err := command.Start(); err != nil {
		return nil, nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	if err := answers(address, ended); err != nil {
		command.Process.Kill()
		return nil, nil, err
	}
	connection, err := grpc.DialContext(ctx, "unix://"+address, grpc.WithInsecure())
	if err != nil {
		command.Process.Kill()
		return nil, nil, err
	}
	end := func() error {
		connection.Close()
		if err := command.Process.Signal(syscall.SIGTERM); err != nil {
			return err
		}
		select {
		case err := <-ended:
			return err
		case <-time.After(time.Minute):
			command.Process.Kill()
			return fmt.Errorf("the daemon in %s does not end on SIGTERM", root)
		}
	}
	return proxy.NewSnapshotter(snapshotsapi.NewSnapshotsClient(connection), "hermes"), end, nil
}

// answers waits until somebody listens on the socket.
func answers(address string, ended chan error) error {
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		connection, err := net.Dial("unix", address)
		if err == nil {
			return connection.Close()
		}
		select {
		case err := <-ended:
			return fmt.Errorf("the daemon ended: %v", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
	return fmt.Errorf("the daemon does not answer on %s", address)
}
