package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/k3s-io/kine/pkg/drivers"
	"github.com/k3s-io/kine/pkg/drivers/sqlite"
	"github.com/k3s-io/kine/pkg/server"
	"github.com/sirupsen/logrus"
	"google.golang.org/grpc"
	"google.golang.org/grpc/keepalive"
)

// What kine's own command uses; the emulated version tells the apiserver that watch progress can be asked for.
const (
	emulatedEtcdVersion = "3.6.11"
	notifyInterval      = 5 * time.Second
	maxRequestBytes     = 2 << 20
	sqliteParameters    = "?_journal_mode=WAL&_busy_timeout=30000&_synchronous=NORMAL&_txlock=immediate&_stmt_cache_size=20&cache=shared"
)

// runKine serves etcd's API over one UNIX socket from one SQLite file, until a signal.
//
// Only kine's SQLite driver is linked: its other drivers would bring database clients that nothing here needs.
func runKine(arguments []string) int {
	flags := flag.NewFlagSet("kine", flag.ContinueOnError)
	socket := flags.String("listen", "kine.sock", "UNIX socket to serve on")
	file := flags.String("file", "db/state.db", "SQLite file")
	if err := flags.Parse(arguments); err != nil {
		return 2
	}
	logrus.SetLevel(logrus.WarnLevel)
	if err := serveKine(*socket, *file); err != nil {
		fmt.Fprintf(os.Stderr, "kine: %v\n", err)
		return 1
	}
	return 0
}

func serveKine(socket, file string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	backendContext, cancel := context.WithCancel(context.Background())
	defer cancel()
	var running sync.WaitGroup
	_, backend, err := sqlite.New(backendContext, &running, &drivers.Config{
		DataSourceName:   file + sqliteParameters,
		PollInterval:     time.Second,
		PollBatchSize:    500,
		CompactTimeout:   5 * time.Second,
		CompactMinRetain: 1000,
		CompactBatchSize: 1000,
	})
	if err != nil {
		return fmt.Errorf("opening %s: %w", file, err)
	}
	if err := backend.Start(backendContext); err != nil {
		return fmt.Errorf("starting the store: %w", err)
	}
	if err := os.Remove(socket); err != nil && !os.IsNotExist(err) {
		return err
	}
	// Made under a private mask: there is no moment at which another user could connect.
	previous := syscall.Umask(0o177)
	listener, err := net.Listen("unix", socket)
	syscall.Umask(previous)
	if err != nil {
		return fmt.Errorf("listening on %s: %w", socket, err)
	}
	service := grpc.NewServer(
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 5 * time.Second}),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: 2 * time.Hour, Timeout: 20 * time.Second}),
		grpc.MaxRecvMsgSize(maxRequestBytes),
		grpc.MaxSendMsgSize(1<<31-1),
	)
	server.New(backend, "unix", notifyInterval, emulatedEtcdVersion).Register(service)
	go func() {
		<-ctx.Done()
		timer := time.AfterFunc(2*time.Second, service.Stop)
		defer timer.Stop()
		service.GracefulStop()
	}()
	return service.Serve(listener)
}
