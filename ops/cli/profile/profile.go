// Package profile writes the folder from which the platform's JavaScript client reads how to log in: profile.json,
// retailer.<REF>.json and user.<NAME>.json; and reads it.
package profile

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/fluent-oms/fluent/ops/cli/login"
)

// Profile is one account's way in.
type Profile struct {
	BaseURL      string // of the gateway
	Account      string // also the client id
	ClientSecret string
	Username     string
	Password     string
	RetailerRef  string
	RetailerID   int32
}

// user is the name that the files use for the user; usernames may hold characters that file names may not.
const user = "admin"

// Write writes the files into dir, readable by their owner only, and lists them.
func Write(dir string, p Profile) ([]string, error) {
	if p.BaseURL == "" || p.Account == "" || p.ClientSecret == "" || p.Username == "" || p.Password == "" {
		return nil, errors.New("profile: base URL, account, client secret, username and password are needed")
	}
	if strings.ContainsAny(p.RetailerRef, `/\`) {
		return nil, fmt.Errorf("profile: a retailer's ref with a slash cannot be part of a file name: %q", p.RetailerRef)
	}
	type object map[string]any
	files := []struct {
		name    string
		content object
	}{
		{"profile.json", object{"baseUrl": p.BaseURL, "id": p.Account, "clientSecret": p.ClientSecret, "user": user}},
		{"user." + user + ".json", object{"username": p.Username, "password": p.Password}},
	}
	if p.RetailerRef != "" {
		files = append(files, struct {
			name    string
			content object
		}{"retailer." + p.RetailerRef + ".json", object{"id": fmt.Sprint(p.RetailerID)}})
	}
	var written []string
	for _, f := range files {
		raw, err := json.MarshalIndent(f.content, "", "  ")
		if err != nil {
			return nil, fmt.Errorf("profile: %w", err)
		}
		path := filepath.Join(dir, f.name)
		if err := login.WritePrivate(path, append(raw, '\n')); err != nil {
			return nil, fmt.Errorf("profile: %w", err)
		}
		written = append(written, path)
	}
	return written, nil
}

// Read reads what Write wrote into dir: who logs in where. Which retailers there are is not read.
func Read(dir string) (Profile, error) {
	var main struct {
		BaseURL      string `json:"baseUrl"`
		ID           string `json:"id"`
		ClientSecret string `json:"clientSecret"`
		User         string `json:"user"`
	}
	if err := readJSON(filepath.Join(dir, "profile.json"), &main); err != nil {
		return Profile{}, err
	}
	var who struct {
		Username string `json:"username"`
		Password string `json:"password"`
	}
	if main.User != "" {
		if err := readJSON(filepath.Join(dir, "user."+filepath.Base(main.User)+".json"), &who); err != nil {
			return Profile{}, err
		}
	}
	if main.BaseURL == "" || main.ID == "" {
		return Profile{}, fmt.Errorf("profile: %s names no baseUrl or no id", filepath.Join(dir, "profile.json"))
	}
	return Profile{BaseURL: main.BaseURL, Account: main.ID, ClientSecret: main.ClientSecret, Username: who.Username, Password: who.Password}, nil
}

func readJSON(path string, into any) error {
	raw, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("profile: %w", err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("profile: read %s: %w", path, err)
	}
	return nil
}

// SetPassword writes a new password into the file of the profile's user, if that is who the username names, and returns the file's path; empty
// if the profile is another user's.
func SetPassword(dir, username, password string) (string, error) {
	var main struct {
		User string `json:"user"`
	}
	if err := readJSON(filepath.Join(dir, "profile.json"), &main); err != nil {
		return "", err
	}
	if main.User == "" {
		return "", nil
	}
	path := filepath.Join(dir, "user."+filepath.Base(main.User)+".json")
	who := map[string]any{}
	if err := readJSON(path, &who); err != nil {
		return "", err
	}
	if who["username"] != username {
		return "", nil
	}
	who["password"] = password
	raw, err := json.MarshalIndent(who, "", "  ")
	if err != nil {
		return "", fmt.Errorf("profile: %w", err)
	}
	return path, login.WritePrivate(path, append(raw, '\n'))
}
