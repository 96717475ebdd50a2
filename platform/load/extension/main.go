// k6 with an MQTT module: `go install .` in this folder makes ~/go/bin/k6.
package main

import "go.k6.io/k6/cmd"

func main() {
	cmd.Execute()
}
