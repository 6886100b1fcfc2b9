// Command kube holds every component of a single-node Kubernetes. The first
// argument says which one to be; the rest are that component's own flags:
//
//	kube etcd --data-dir DIR
//	kube kubectl get pods
//
// They share most of their code, so one binary compiles and links in a fraction
// of the time, and the disk, that one binary each would take.
package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	proxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

// component runs with os.Args as if it were a program of its own, and returns
// the exit status.
type component func() int

var components = map[string]component{
	"etcd":                    runEtcd,
	"dns":                     runOwn(serveDNS),
	"storage":                 runOwn(serveStorage),
	"kubectl":                 runCobra(kubectl.NewDefaultKubectlCommand),
	"kube-apiserver":          runCobra(apiserver.NewAPIServerCommand),
	"kube-controller-manager": runCobra(controllermanager.NewControllerManagerCommand),
	"kube-proxy":              runCobra(proxy.NewProxyCommand),
	"kube-scheduler":          runCobra(newScheduler),
	"kubelet":                 runCobra(newKubelet),
}

func newScheduler() *cobra.Command { return scheduler.NewSchedulerCommand() }

func newKubelet() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) }

func runEtcd() int {
	etcdmain.Main(os.Args)
	return 0
}

func runCobra(newCommand func() *cobra.Command) component {
	return func() int { return cli.Run(newCommand()) }
}

func runOwn(serve func(args []string) error) component {
	return func() int {
		if err := serve(os.Args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, "error:", err)
			return 1
		}
		return 0
	}
}

func main() {
	if len(os.Args) > 1 {
		if run, known := components[os.Args[1]]; known {
			os.Args = os.Args[1:]
			os.Exit(run())
		}
	}
	names := slices.Sorted(maps.Keys(components))
	fmt.Fprintf(os.Stderr, "usage: kube COMPONENT [FLAG...]\ncomponents: %s\n", strings.Join(names, ", "))
	os.Exit(2)
}
