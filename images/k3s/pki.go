package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

const (
	authorityLife = 10 * 365 * 24 * time.Hour
	leafLife      = 365 * 24 * time.Hour
	clockSlack    = time.Hour
)

// authority is one certificate authority and where its files are.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	file        string
}

// credentials are the files that the components are started with.
type credentials struct {
	folder                            string
	serverCA, clientCA, requestHeader *authority
}

func (c *credentials) path(name string) string { return filepath.Join(c.folder, name) }

// makeCredentials keeps the authorities and the service-account key of an earlier start and issues every leaf anew.
func makeCredentials(folder string, asked *settings) (*credentials, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	made := &credentials{folder: folder}
	for name, place := range map[string]**authority{
		"server-ca": &made.serverCA, "client-ca": &made.clientCA, "request-header-ca": &made.requestHeader,
	} {
		root, err := loadOrMakeAuthority(made.path(name), "k3s-"+name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		*place = root
	}
	if err := ensureKey(made.path("service.key")); err != nil {
		return nil, err
	}
	leaves := []struct {
		name    string
		by      *authority
		subject pkix.Name
		serving bool
	}{
		{"serving-kube-apiserver", made.serverCA, pkix.Name{CommonName: "kube-apiserver"}, true},
		{"client-admin", made.clientCA, pkix.Name{CommonName: "system:admin", Organization: []string{"system:masters"}}, false},
		{"client-supervisor", made.clientCA, pkix.Name{CommonName: "system:k3s-supervisor", Organization: []string{"system:masters"}}, false},
		{"client-controller", made.clientCA, pkix.Name{CommonName: "system:kube-controller-manager"}, false},
		{"client-scheduler", made.clientCA, pkix.Name{CommonName: "system:kube-scheduler"}, false},
		{"client-kube-apiserver", made.clientCA, pkix.Name{CommonName: "system:apiserver", Organization: []string{"system:masters"}}, false},
		{"client-auth-proxy", made.requestHeader, pkix.Name{CommonName: "system:auth-proxy"}, false},
	}
	for _, leaf := range leaves {
		template := &x509.Certificate{Subject: leaf.subject, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
		if leaf.serving {
			template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
			addServingNames(template, asked)
		}
		if err := leaf.by.issue(made.path(leaf.name), template); err != nil {
			return nil, fmt.Errorf("%s: %w", leaf.name, err)
		}
	}
	return made, nil
}

func addServingNames(template *x509.Certificate, asked *settings) {
	template.DNSNames = []string{
		"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc." + asked.clusterDomain, "localhost",
	}
	template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback, firstAddress(asked.serviceCIDR)}
	for _, address := range []net.IP{asked.nodeIP, asked.bindAddress, asked.advertiseAddress} {
		if address != nil && !address.IsUnspecified() {
			template.IPAddresses = append(template.IPAddresses, address)
		}
	}
	for _, name := range asked.subjectNames {
		if address := net.ParseIP(name); address != nil {
			template.IPAddresses = append(template.IPAddresses, address)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
}

// firstAddress is the address of the kubernetes service: the first one of the service range.
func firstAddress(network *net.IPNet) net.IP {
	address := append(net.IP(nil), network.IP...)
	for i := len(address) - 1; i >= 0; i-- {
		address[i]++
		if address[i] != 0 {
			break
		}
	}
	return address
}

func loadOrMakeAuthority(stem, commonName string) (*authority, error) {
	certificatePEM, certificateErr := os.ReadFile(stem + ".crt")
	keyPEM, keyErr := os.ReadFile(stem + ".key")
	if certificateErr == nil && keyErr == nil {
		return parseAuthority(stem, certificatePEM, keyPEM)
	}
	if !errors.Is(certificateErr, os.ErrNotExist) && !errors.Is(keyErr, os.ErrNotExist) {
		return nil, errors.Join(certificateErr, keyErr)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: fmt.Sprintf("%s@%d", commonName, now.Unix())},
		NotBefore:             now.Add(-clockSlack),
		NotAfter:              now.Add(authorityLife),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	if err := writeKey(stem+".key", key); err != nil {
		return nil, err
	}
	if err := writePEM(stem+".crt", "CERTIFICATE", 0o644, der); err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	return &authority{certificate: certificate, key: key, file: stem + ".crt"}, err
}

func parseAuthority(stem string, certificatePEM, keyPEM []byte) (*authority, error) {
	certificateBlock, _ := pem.Decode(certificatePEM)
	keyBlock, _ := pem.Decode(keyPEM)
	if certificateBlock == nil || keyBlock == nil {
		return nil, fmt.Errorf("%s.crt or .key is not PEM; remove the data folder to begin anew", stem)
	}
	certificate, err := x509.ParseCertificate(certificateBlock.Bytes)
	if err != nil {
		return nil, err
	}
	key, err := x509.ParseECPrivateKey(keyBlock.Bytes)
	return &authority{certificate: certificate, key: key, file: stem + ".crt"}, err
}

// issue writes STEM.crt (leaf, then authority) and STEM.key.
func (a *authority) issue(stem string, template *x509.Certificate) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	if template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127)); err != nil {
		return err
	}
	now := time.Now()
	template.NotBefore, template.NotAfter = now.Add(-clockSlack), now.Add(leafLife)
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.BasicConstraintsValid = true
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		return err
	}
	if err := writeKey(stem+".key", key); err != nil {
		return err
	}
	return writePEM(stem+".crt", "CERTIFICATE", 0o644, der, a.certificate.Raw)
}

func ensureKey(file string) error {
	if _, err := os.Stat(file); err == nil {
		return nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	return writeKey(file, key)
}

func writeKey(file string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	return writePEM(file, "EC PRIVATE KEY", 0o600, der)
}

func writePEM(file, kind string, mode os.FileMode, blocks ...[]byte) error {
	var text bytes.Buffer
	for _, der := range blocks {
		if err := pem.Encode(&text, &pem.Block{Type: kind, Bytes: der}); err != nil {
			return err
		}
	}
	return writeFile(file, text.Bytes(), mode)
}

// writeFile replaces a file whole, so that nobody reads half of it; it never has a wider mode than asked.
func writeFile(file string, content []byte, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(file), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name())
	if _, err := temporary.Write(content); err != nil {
		temporary.Close()
		return err
	}
	if err := errors.Join(temporary.Chmod(mode), temporary.Close()); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), file)
}

// kubeconfig is the file that the official binary writes: everything named default, credentials inside.
func (c *credentials) kubeconfig(server, client string) ([]byte, error) {
	encoded := make([]any, 0, 4)
	for _, file := range []string{c.serverCA.file, c.path(client + ".crt"), c.path(client + ".key")} {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		encoded = append(encoded, base64.StdEncoding.EncodeToString(content))
	}
	return fmt.Appendf(nil, `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: %[2]s
    server: %[1]s
  name: default
contexts:
- context:
    cluster: default
    user: default
  name: default
current-context: default
kind: Config
users:
- name: default
  user:
    client-certificate-data: %[3]s
    client-key-data: %[4]s
`, append([]any{server}, encoded...)...), nil
}
