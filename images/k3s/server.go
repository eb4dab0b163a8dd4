package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	socketWait  = 10 * time.Second
	readyWait   = 60 * time.Second
	pollPause   = 50 * time.Millisecond
	stopGrace   = 8 * time.Second
	storeGrace  = 3 * time.Second
	kineSocket  = "kine.sock"
	requestWait = 2 * time.Second
)

// runServer runs the control plane until a signal or until one of its processes ends.
func runServer(arguments []string) int {
	asked, err := parseServer(arguments)
	if err != nil {
		fmt.Fprintf(os.Stderr, "k3s server: %v\n", err)
		return 2
	}
	if err := serve(asked); err != nil {
		fmt.Fprintf(os.Stderr, "k3s server: %v\n", err)
		return 1
	}
	return 0
}

func serve(asked *settings) error {
	// Pdeathsig is tied to the thread that starts a child: all are started from this one, which stays.
	runtime.LockOSThread()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	var err error
	if asked.dataDir, err = filepath.Abs(asked.dataDir); err != nil {
		return err
	}
	if asked.kubeconfig, err = filepath.Abs(asked.kubeconfig); err != nil {
		return err
	}
	folder := filepath.Join(asked.dataDir, "server")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	// UNIX socket names are short; from here on they are relative.
	if err := os.Chdir(folder); err != nil {
		return err
	}
	made, err := makeCredentials(filepath.Join(folder, "tls"), asked)
	if err != nil {
		return fmt.Errorf("certificates: %w", err)
	}
	if err := made.writeKubeconfigs(filepath.Join(folder, "cred"), asked); err != nil {
		return fmt.Errorf("kubeconfig: %w", err)
	}
	group := newGroup()
	defer group.stop()
	return group.run(ctx, asked, made)
}

func (c *credentials) writeKubeconfigs(folder string, asked *settings) error {
	for client, target := range map[string]struct {
		file string
		mode os.FileMode
	}{
		"client-admin":      {asked.kubeconfig, asked.kubeconfigMode},
		"client-controller": {filepath.Join(folder, "controller.kubeconfig"), 0o600},
		"client-scheduler":  {filepath.Join(folder, "scheduler.kubeconfig"), 0o600},
	} {
		content, err := c.kubeconfig(asked.serverURL(), client)
		if err != nil {
			return err
		}
		if err := writeFile(target.file, content, target.mode); err != nil {
			return err
		}
	}
	return nil
}

// child is one running component.
type child struct {
	name    string
	process *exec.Cmd
	ended   chan struct{}
}

// group is the components in the order in which they were started.
type group struct {
	children []*child
	failed   chan error
}

func newGroup() *group { return &group{failed: make(chan error, 8)} }

func (g *group) run(ctx context.Context, asked *settings, made *credentials) error {
	if err := g.start("kine", []string{"--listen", kineSocket, "--file", "db/state.db"}); err != nil {
		return err
	}
	if err := g.wait(ctx, socketWait, "kine's socket", func() bool {
		connection, err := net.Dial("unix", kineSocket)
		if err != nil {
			return false
		}
		connection.Close()
		return true
	}); err != nil {
		return ended(ctx, err)
	}
	if err := g.start("kube-apiserver", flagList(apiserverFlags(asked, made), asked.apiserver)); err != nil {
		return err
	}
	client, err := made.client()
	if err != nil {
		return err
	}
	if err := g.wait(ctx, readyWait, "the apiserver", func() bool { return answers(client, asked.serverURL()+"/readyz") }); err != nil {
		return ended(ctx, err)
	}
	if err := g.start("kube-controller-manager", flagList(controllerFlags(asked, made), asked.controllerManager)); err != nil {
		return err
	}
	if !asked.noScheduler {
		if err := g.start("kube-scheduler", flagList(schedulerFlags(), asked.scheduler)); err != nil {
			return err
		}
	}
	fmt.Fprintln(os.Stderr, "k3s is up and running")
	select {
	case <-ctx.Done():
		return nil
	case err := <-g.failed:
		return err
	}
}

// ended turns "interrupted while starting" into an orderly end.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func (g *group) start(name string, arguments []string) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	process := exec.Command(program, append([]string{name}, arguments...)...)
	process.Stdout, process.Stderr = os.Stderr, os.Stderr
	process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := process.Start(); err != nil {
		return fmt.Errorf("%s did not start: %w", name, err)
	}
	started := &child{name: name, process: process, ended: make(chan struct{})}
	g.children = append(g.children, started)
	go func() {
		err := process.Wait()
		close(started.ended)
		if err == nil {
			err = errors.New("it ended by itself")
		}
		g.failed <- fmt.Errorf("%s ended: %w", name, err)
	}()
	return nil
}

// wait polls until a condition holds, a component ends, or the time is over.
func (g *group) wait(ctx context.Context, limit time.Duration, what string, holds func() bool) error {
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	for {
		if holds() {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-g.failed:
			return err
		case <-deadline.C:
			return fmt.Errorf("%s was not ready within %s; the lines above say why", what, limit)
		case <-time.After(pollPause):
		}
	}
}

// stop ends the components, last started first; the store stays until those that write to it are gone.
func (g *group) stop() {
	for i := len(g.children) - 1; i >= 1; i-- {
		_ = g.children[i].process.Process.Signal(syscall.SIGTERM)
	}
	deadline := time.Now().Add(stopGrace)
	for i := len(g.children) - 1; i >= 1; i-- {
		g.children[i].await(deadline)
	}
	if len(g.children) > 0 {
		_ = g.children[0].process.Process.Signal(syscall.SIGTERM)
		g.children[0].await(time.Now().Add(storeGrace))
	}
}

func (c *child) await(deadline time.Time) {
	select {
	case <-c.ended:
	case <-time.After(time.Until(deadline)):
		_ = c.process.Process.Kill()
		<-c.ended
	}
}

func (c *credentials) client() (*http.Client, error) {
	pair, err := tls.LoadX509KeyPair(c.path("client-supervisor.crt"), c.path("client-supervisor.key"))
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AddCert(c.serverCA.certificate)
	return &http.Client{
		Timeout:   requestWait,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}}},
	}, nil
}

func answers(client *http.Client, url string) bool {
	answer, err := client.Get(url)
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

// apiserverFlags are those that the official binary passes, without those that concern nodes.
func apiserverFlags(asked *settings, made *credentials) map[string]string {
	issuer := "https://kubernetes.default.svc." + asked.clusterDomain
	flags := map[string]string{
		"allow-privileged":                   "true",
		"anonymous-auth":                     "false",
		"api-audiences":                      issuer + ",k3s",
		"authorization-mode":                 "Node,RBAC",
		"cert-dir":                           "tls/temporary-certs",
		"client-ca-file":                     made.clientCA.file,
		"enable-admission-plugins":           "NodeRestriction",
		"enable-aggregator-routing":          "true",
		"etcd-servers":                       "unix://" + kineSocket,
		"kubelet-certificate-authority":      made.serverCA.file,
		"kubelet-client-certificate":         made.path("client-kube-apiserver.crt"),
		"kubelet-client-key":                 made.path("client-kube-apiserver.key"),
		"kubelet-preferred-address-types":    "InternalIP,ExternalIP,Hostname",
		"profiling":                          "false",
		"proxy-client-cert-file":             made.path("client-auth-proxy.crt"),
		"proxy-client-key-file":              made.path("client-auth-proxy.key"),
		"requestheader-allowed-names":        "system:auth-proxy",
		"requestheader-client-ca-file":       made.requestHeader.file,
		"requestheader-extra-headers-prefix": "X-Remote-Extra-",
		"requestheader-group-headers":        "X-Remote-Group",
		"requestheader-username-headers":     "X-Remote-User",
		"secure-port":                        strconv.Itoa(asked.port),
		"service-account-issuer":             issuer,
		"service-account-key-file":           made.path("service.key"),
		"service-account-signing-key-file":   made.path("service.key"),
		"service-cluster-ip-range":           asked.serviceCIDR.String(),
		"service-node-port-range":            asked.nodePorts,
		"tls-cert-file":                      made.path("serving-kube-apiserver.crt"),
		"tls-private-key-file":               made.path("serving-kube-apiserver.key"),
	}
	if asked.advertiseAddress != nil {
		flags["advertise-address"] = asked.advertiseAddress.String()
	}
	if asked.bindAddress != nil {
		flags["bind-address"] = asked.bindAddress.String()
	}
	return flags
}

func controllerFlags(asked *settings, made *credentials) map[string]string {
	configuration := "cred/controller.kubeconfig"
	flags := map[string]string{
		"allocate-node-cidrs":       "true",
		"authentication-kubeconfig": configuration,
		"authorization-kubeconfig":  configuration,
		"bind-address":              "127.0.0.1",
		"cert-dir":                  "tls/kube-controller-manager",
		"cluster-cidr":              asked.clusterCIDR,
		"configure-cloud-routes":    "false",
		"controllers":               "*,tokencleaner",
		"kubeconfig":                configuration,
		// One service account per controller is created at start: at the default rate that takes seconds.
		"kube-api-qps":                     "100",
		"kube-api-burst":                   "200",
		"leader-elect":                     "false",
		"profiling":                        "false",
		"root-ca-file":                     made.serverCA.file,
		"service-account-private-key-file": made.path("service.key"),
		"service-cluster-ip-range":         asked.serviceCIDR.String(),
		"use-service-account-credentials":  "true",
		"cluster-signing-kube-apiserver-client-cert-file": made.clientCA.file,
		"cluster-signing-kube-apiserver-client-key-file":  made.path("client-ca.key"),
		"cluster-signing-kubelet-client-cert-file":        made.clientCA.file,
		"cluster-signing-kubelet-client-key-file":         made.path("client-ca.key"),
		"cluster-signing-kubelet-serving-cert-file":       made.serverCA.file,
		"cluster-signing-kubelet-serving-key-file":        made.path("server-ca.key"),
		"cluster-signing-legacy-unknown-cert-file":        made.clientCA.file,
		"cluster-signing-legacy-unknown-key-file":         made.path("client-ca.key"),
	}
	return flags
}

func schedulerFlags() map[string]string {
	configuration := "cred/scheduler.kubeconfig"
	return map[string]string{
		"authentication-kubeconfig": configuration,
		"authorization-kubeconfig":  configuration,
		"bind-address":              "127.0.0.1",
		"cert-dir":                  "tls/kube-scheduler",
		"kubeconfig":                configuration,
		"leader-elect":              "false",
		"profiling":                 "false",
	}
}

// flagList merges KEY=VALUE arguments of the command line over the built-in flags; KEY alone means true.
func flagList(flags map[string]string, extra []string) []string {
	var repeated []string
	given := map[string]bool{}
	for _, argument := range extra {
		key, value, found := strings.Cut(strings.TrimLeft(argument, "-"), "=")
		if !found {
			value = "true"
		}
		if given[key] {
			repeated = append(repeated, "--"+key+"="+value)
			continue
		}
		given[key] = true
		flags[key] = value
	}
	list := make([]string, 0, len(flags)+len(repeated))
	for key, value := range flags {
		list = append(list, "--"+key+"="+value)
	}
	sort.Strings(list)
	return append(list, repeated...)
}
