// Command k3s is this project's stand-in for the official k3s binary: the same upstream Kubernetes, control plane only.
//
// Role: `k3s server` takes the flags of the official binary that the enclave's supervisor uses, creates the
// certificates, starts kine, kube-apiserver, kube-controller-manager and kube-scheduler, writes the admin kubeconfig
// and ends when one of them does. `k3s kubectl` (or a link named kubectl) is upstream's kubectl.
//
// Rules: one Kubernetes component per process, because two share one feature-gate registry and panic. A flag that the
// official binary has and this one cannot honour is refused, never ignored.
//
// It has no kubelet, no container runtime and no network plugin: it runs only with --disable-agent.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	"k8s.io/component-base/logs"
	_ "k8s.io/component-base/logs/json/register"          // JSON logs, as in upstream's main packages
	_ "k8s.io/component-base/metrics/prometheus/clientgo" // client metrics, as there
	_ "k8s.io/component-base/metrics/prometheus/version"  // version metric, as there
	kubeversion "k8s.io/component-base/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

func main() {
	name := filepath.Base(os.Args[0])
	if name != "kubectl" && name != "kubectl-real" {
		if len(os.Args) < 2 {
			usage(os.Stderr)
			os.Exit(1)
		}
		name = os.Args[1]
		os.Args = append([]string{os.Args[0] + " " + name}, os.Args[2:]...)
	}
	switch name {
	case "server":
		os.Exit(runServer(os.Args[1:]))
	case "kine":
		os.Exit(runKine(os.Args[1:]))
	case "kube-apiserver":
		runComponent(apiserver.NewAPIServerCommand())
	case "kube-controller-manager":
		runComponent(controllers.NewControllerManagerCommand())
	case "kube-scheduler":
		runComponent(scheduler.NewSchedulerCommand())
	case "kubectl", "kubectl-real":
		runKubectl()
	case "--version", "-v", "version":
		fmt.Printf("k3s version %s (upstream modules)\ngo version %s\n", kubeversion.Get().GitVersion, runtime.Version())
	case "--help", "-h", "help":
		usage(os.Stdout)
	default:
		fmt.Fprintf(os.Stderr, "k3s: unknown command %q\n", name)
		usage(os.Stderr)
		os.Exit(1)
	}
}

func usage(out *os.File) {
	fmt.Fprintln(out, "usage: k3s server --disable-agent [flags] | k3s kubectl ... | k3s --version")
}

func runComponent(command *cobra.Command) {
	os.Exit(cli.Run(command))
}

func runKubectl() {
	// kubectl reads its own verbosity before it parses flags, as upstream's main does.
	_, _ = logs.GlogSetter(kubectl.GetLogVerbosity(os.Args))
	if err := cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()); err != nil {
		kubectlutil.CheckErr(err)
	}
}
