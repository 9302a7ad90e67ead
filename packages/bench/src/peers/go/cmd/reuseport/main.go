// A service that shares its address by SO_REUSEPORT and reports READY=1, as the README of the Go procroll requires.
package main

import (
	"context"
	"log"
	"net"
	"os"
	"os/signal"
	"syscall"

	"bench/peers/service"
)

const soReusePort = 0xf

func main() {
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM)

	config := net.ListenConfig{Control: reusePort}
	listener, err := config.Listen(context.Background(), "tcp", os.Getenv("ADDRESS"))
	if err != nil {
		log.Fatal(err)
	}
	served := service.New()
	go func() {
		if err := served.Serve(listener); err != nil {
			log.Print(err)
		}
	}()
	if err := notifyReady(); err != nil {
		log.Fatal(err)
	}
	<-terminated
	served.Stop(listener)
}

func reusePort(_, _ string, connection syscall.RawConn) error {
	var failure error
	err := connection.Control(func(fd uintptr) {
		failure = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, soReusePort, 1)
	})
	if err != nil {
		return err
	}
	return failure
}

func notifyReady() error {
	path := os.Getenv("NOTIFY_SOCKET")
	if path == "" {
		return nil
	}
	connection, err := net.Dial("unixgram", path)
	if err != nil {
		return err
	}
	defer connection.Close()
	_, err = connection.Write([]byte("READY=1"))
	return err
}
