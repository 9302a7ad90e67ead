// A service that tableflip upgrades on SIGHUP, as the example of its README does with net/http.
package main

import (
	"log"
	"os"
	"os/signal"
	"syscall"

	"github.com/cloudflare/tableflip"

	"bench/peers/service"
)

func main() {
	upgrader, err := tableflip.New(tableflip.Options{PIDFile: os.Getenv("PID_FILE")})
	if err != nil {
		log.Fatal(err)
	}
	defer upgrader.Stop()
	go upgradeOnHangup(upgrader)

	listener, err := upgrader.Listen("tcp", os.Getenv("ADDRESS"))
	if err != nil {
		log.Fatal(err)
	}
	served := service.New()
	go func() {
		if err := served.Serve(listener); err != nil {
			log.Print(err)
		}
	}()
	if err := upgrader.Ready(); err != nil {
		log.Fatal(err)
	}
	<-upgrader.Exit()
	served.Stop(listener)
}

func upgradeOnHangup(upgrader *tableflip.Upgrader) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	for range hangups {
		if err := upgrader.Upgrade(); err != nil {
			log.Print(err)
		}
	}
}
