// Reads a compose file as `docker compose config` does, and says what is wrong with it or what it holds.
package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/compose-spec/compose-go/v2/cli"
)

func main() {
	options, err := cli.NewProjectOptions(os.Args[1:], cli.WithOsEnv, cli.WithDotEnv)
	if err == nil {
		project, failed := options.LoadProject(context.Background())
		if err = failed; err == nil {
			fmt.Printf("%s: %s\n", strings.Join(project.ComposeFiles, ", "), strings.Join(project.ServiceNames(), ", "))
			for _, service := range project.Services {
				for _, port := range service.Ports {
					fmt.Printf("  %s publishes %s:%s\n", service.Name, port.HostIP, port.Published)
				}
			}
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
