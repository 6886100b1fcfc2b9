package main

import (
	"fmt"
	"os"

	"github.com/coredns/caddy"
	_ "github.com/coredns/coredns/core/dnsserver"
	_ "github.com/coredns/coredns/plugin/bind"
	_ "github.com/coredns/coredns/plugin/cache"
	_ "github.com/coredns/coredns/plugin/errors"
	_ "github.com/coredns/coredns/plugin/forward"
	_ "github.com/coredns/coredns/plugin/kubernetes"
	_ "github.com/coredns/coredns/plugin/ready"
)

// serveDNS is CoreDNS with the plugins that cluster DNS needs and no others.
// It starts Caddy itself, because CoreDNS's coremain registers global flags
// that kubectl registers too.
func serveDNS(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("dns takes the path of a Corefile, got %d arguments", len(args))
	}
	corefile, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	caddy.AppName = "CoreDNS"
	caddy.Quiet = true
	caddy.TrapSignals()
	server, err := caddy.Start(caddy.CaddyfileInput{
		Contents:       corefile,
		Filepath:       args[0],
		ServerTypeName: "dns",
	})
	if err != nil {
		return fmt.Errorf("start CoreDNS: %w", err)
	}
	server.Wait()
	return nil
}
