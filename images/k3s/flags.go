package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
)

// settings is what `k3s server` was asked for.
type settings struct {
	dataDir           string
	kubeconfig        string
	kubeconfigMode    os.FileMode
	nodeIP            net.IP
	bindAddress       net.IP
	advertiseAddress  net.IP
	port              int
	subjectNames      []string
	serviceCIDR       *net.IPNet
	clusterCIDR       string
	clusterDomain     string
	nodePorts         string
	apiserver         []string
	controllerManager []string
	scheduler         []string
	noScheduler       bool
}

// Components that the official binary would deploy; there is nothing to disable here, but the names are known.
var packaged = map[string]bool{
	"coredns": true, "servicelb": true, "traefik": true, "local-storage": true, "metrics-server": true, "runtimes": true,
}

// parseServer reads the flags of the official `k3s server` (v1.34) as far as they concern a control plane alone.
func parseServer(arguments []string) (*settings, error) {
	flags := pflag.NewFlagSet("k3s server", pflag.ContinueOnError)
	flags.SetOutput(os.Stderr)
	var (
		asked        settings
		mode         string
		nodeIPs      []string
		bind         string
		advertise    string
		advertised   int
		sans         []string
		serviceCIDR  string
		disabled     []string
		disableAgent bool
		token        string
		tokenFile    string
		datastore    string
		flannel      string
		egress       string
		ignored      bool
	)
	flags.StringVarP(&asked.dataDir, "data-dir", "d", "/var/lib/rancher/k3s", "folder for state")
	flags.StringVarP(&asked.kubeconfig, "write-kubeconfig", "o", "/etc/rancher/k3s/k3s.yaml", "where the admin kubeconfig goes")
	flags.StringVar(&mode, "write-kubeconfig-mode", "0600", "file mode of that kubeconfig, octal")
	flags.StringSliceVarP(&nodeIPs, "node-ip", "i", nil, "address of this node (the first is used)")
	flags.StringVar(&bind, "bind-address", "", "address to listen on (default all)")
	flags.StringVar(&advertise, "advertise-address", "", "address that the apiserver advertises (default: node-ip)")
	flags.IntVar(&advertised, "advertise-port", 0, "port that the apiserver advertises (default: https-listen-port)")
	flags.IntVar(&asked.port, "https-listen-port", 6443, "HTTPS port")
	flags.StringSliceVar(&sans, "tls-san", nil, "more names or addresses for the serving certificate")
	flags.BoolVar(&ignored, "tls-san-security", true, "always on here")
	flags.StringVar(&asked.clusterCIDR, "cluster-cidr", "10.42.0.0/16", "addresses of pods")
	flags.StringVar(&serviceCIDR, "service-cidr", "10.43.0.0/16", "addresses of services")
	flags.StringVar(&asked.nodePorts, "service-node-port-range", "30000-32767", "ports of NodePort services")
	flags.StringVar(&asked.clusterDomain, "cluster-domain", "cluster.local", "domain of the cluster")
	flags.StringArrayVar(&asked.apiserver, "kube-apiserver-arg", nil, "KEY=VALUE for kube-apiserver")
	flags.StringArrayVar(&asked.controllerManager, "kube-controller-manager-arg", nil, "KEY=VALUE for kube-controller-manager")
	flags.StringArrayVar(&asked.scheduler, "kube-scheduler-arg", nil, "KEY=VALUE for kube-scheduler")
	flags.StringSliceVar(&disabled, "disable", nil, "packaged components to leave out")
	flags.BoolVar(&disableAgent, "disable-agent", false, "control plane only (required here)")
	flags.BoolVar(&asked.noScheduler, "disable-scheduler", false, "no kube-scheduler")
	for _, name := range []string{"disable-cloud-controller", "disable-kube-proxy", "disable-network-policy", "disable-helm-controller"} {
		flags.BoolVar(&ignored, name, true, "there is none in this binary")
	}
	flags.StringVarP(&token, "token", "t", os.Getenv("K3S_TOKEN"), "join secret; no node can join a control plane without an agent")
	flags.StringVar(&tokenFile, "token-file", "", "file with the join secret")
	flags.StringVar(&datastore, "datastore-endpoint", "", "only the default (SQLite in the data folder)")
	flags.StringVar(&flannel, "flannel-backend", "none", "only none: there is no node")
	flags.StringVar(&egress, "egress-selector-mode", "disabled", "only disabled: there is no node")
	flags.BoolVar(&ignored, "debug", false, "accepted; use --kube-apiserver-arg v=4")
	if err := flags.Parse(arguments); err != nil {
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if !disableAgent {
		return nil, errors.New("this binary has no agent: add --disable-agent, or use the official k3s (K3S_BINARY)")
	}
	if datastore != "" || flannel != "none" || egress != "disabled" {
		return nil, errors.New("--datastore-endpoint, --flannel-backend and --egress-selector-mode keep their defaults in this binary")
	}
	for _, name := range disabled {
		if !packaged[name] {
			return nil, fmt.Errorf("--disable knows no component %q", name)
		}
	}
	return asked.complete(mode, nodeIPs, bind, advertise, advertised, serviceCIDR, sans)
}

// complete checks the values that have a form and fills in what follows from others.
func (asked *settings) complete(mode string, nodeIPs []string, bind, advertise string, advertised int, serviceCIDR string, sans []string) (*settings, error) {
	bits, err := strconv.ParseUint(mode, 8, 32)
	if err != nil || bits > 0o777 {
		return nil, fmt.Errorf("--write-kubeconfig-mode %q is not an octal file mode", mode)
	}
	asked.kubeconfigMode = os.FileMode(bits)
	if asked.port < 1 || asked.port > 65535 || (advertised != 0 && advertised != asked.port) {
		return nil, errors.New("--https-listen-port must be 1..65535, and --advertise-port the same")
	}
	if len(nodeIPs) > 0 {
		if asked.nodeIP, err = parseAddress("--node-ip", nodeIPs[0]); err != nil {
			return nil, err
		}
	}
	if asked.bindAddress, err = parseAddress("--bind-address", bind); err != nil {
		return nil, err
	}
	if asked.advertiseAddress, err = parseAddress("--advertise-address", advertise); err != nil {
		return nil, err
	}
	if asked.advertiseAddress == nil {
		asked.advertiseAddress = asked.nodeIP
	}
	if _, asked.serviceCIDR, err = net.ParseCIDR(serviceCIDR); err != nil {
		return nil, fmt.Errorf("--service-cidr: %w", err)
	}
	for _, name := range sans {
		if name = strings.TrimSpace(name); name != "" {
			asked.subjectNames = append(asked.subjectNames, name)
		}
	}
	return asked, nil
}

func parseAddress(name, text string) (net.IP, error) {
	if text == "" {
		return nil, nil
	}
	address := net.ParseIP(text)
	if address == nil {
		return nil, fmt.Errorf("%s: %q is not an IP address", name, text)
	}
	return address, nil
}

// connectAddress is where clients on this machine reach the apiserver, as the official binary chooses it.
func (asked *settings) connectAddress() string {
	if asked.bindAddress != nil && !asked.bindAddress.IsUnspecified() {
		return asked.bindAddress.String()
	}
	return "127.0.0.1"
}

// serverURL is the address in the kubeconfigs.
func (asked *settings) serverURL() string {
	return "https://" + net.JoinHostPort(asked.connectAddress(), strconv.Itoa(asked.port))
}
