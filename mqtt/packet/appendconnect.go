package packet

import (
	"encoding/binary"
	"math"
)

// NewConnect returns a CONNECT without credentials, will and wishes, for clients.
func NewConnect(v Version, clientID string) *Connect {
	return &Connect{Version: v, ClientID: []byte(clientID), CleanStart: true, ReceiveMaximum: math.MaxUint16, RequestProblem: true}
}

// AppendConnect appends a whole packet, for clients. [NewConnect] is what to begin with.
func AppendConnect(dst []byte, c *Connect) []byte {
	dst = append(dst, CONNECT.first())
	at := len(dst)
	name, level := "MQTT", byte(c.Version)
	if c.Version == V31 {
		name = "MQIsdp"
	}
	if c.Bridge {
		level |= bridgeBit
	}
	dst = append(AppendString(dst, name), level, c.flags())
	dst = binary.BigEndian.AppendUint16(dst, c.KeepAlive)
	if c.Version == V5 {
		begin := len(dst)
		dst = insertLength(c.appendProperties(dst), begin, 0)
	}
	dst = AppendString(dst, c.ClientID)
	if c.HasWill {
		dst = c.Will.append(dst, c.Version)
	}
	if c.HasUserName {
		dst = AppendString(dst, c.UserName)
	}
	if c.HasPassword {
		dst = AppendString(dst, c.Password)
	}
	return insertLength(dst, at, 0)
}

func (c *Connect) flags() (f byte) {
	if c.CleanStart {
		f |= flagCleanStart
	}
	if c.HasWill {
		f |= flagWill | c.Will.QoS<<3
		if c.Will.Retain {
			f |= flagWillRetain
		}
	}
	if c.HasUserName {
		f |= flagUserName
	}
	if c.HasPassword {
		f |= flagPassword
	}
	return f
}

func (c *Connect) appendProperties(dst []byte) []byte {
	dst = appendIf(dst, c.HasSessionExpiry, sessionExpiry, c.SessionExpiry)
	dst = appendIf(dst, c.ReceiveMaximum != math.MaxUint16, receiveMaximum, uint32(c.ReceiveMaximum))
	dst = appendIf(dst, c.MaximumPacketSize != 0, maximumPacketSize, c.MaximumPacketSize)
	dst = appendIf(dst, c.TopicAliasMaximum != 0, topicAliasMaximum, uint32(c.TopicAliasMaximum))
	dst = appendIf(dst, c.RequestResponse, requestResponse, 1)
	dst = appendIf(dst, !c.RequestProblem, requestProblem, 0)
	dst = appendBytes(dst, authMethod, c.AuthMethod)
	dst = appendBytes(dst, authData, c.AuthData)
	return appendUsers(dst, c.Raw)
}
