package httpapi

import (
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// Examples of fields whose types say none, by schema and field, or by the field
// alone where it means the same everywhere. What a type says wins.
var fieldExamples = map[string]any{
	"active":              96,
	"active_bots":         3,
	"active_websockets":   41,
	"activity":            "Logged in",
	"at":                  "2026-01-01T20:15:00Z",
	"attempts":            1,
	"body_bytes":          1 << 20,
	"bots":                12,
	"bytes":               184_320,
	"channel":             "somebody",
	"channels":            100,
	"chatters":            18,
	"client":              map[string]any{"total_chats": 1240},
	"code":                "suspended",
	"commands":            31,
	"connects_per_minute": 20,
	"count":               42,
	"current_page":        1,
	"dead":                0,
	"dead_at":             "2026-01-04T20:00:00Z",
	"deleted":             4,
	"detail":              "inside the process",
	"distinct":            310,
	"duration_seconds":    5400,
	"emote_id":            "25",
	"ended_at":            "2026-01-01T21:30:00Z",
	"failed_sign_ins":     2,
	"fallback":            "The language model did not answer within 20 s",
	"file":                "somebody-2026-01-31.log.gz",
	"first":               7,
	"format":              "justlog-text",
	"from":                "2026-01-01T20:10:00Z",
	"id":                  "65a1b2c3d4e5f60718293a41",
	"label":               "Hype",
	"limit":               100,
	"lines":               1240,
	"login":               "nora_q",
	"messages":            1240,
	"mirrored":            0,
	"mood":                0.21,
	"messages_per_minute": 48.5,
	"name":                "Nora_Q",
	"neg":                 3,
	"negative":            210,
	"neu":                 9,
	"neutral":             620,
	"next":                "2026-01-01T20:00:00Z",
	"next_at":             "2026-01-01T20:00:10Z",
	"oldest":              "2026-01-01T20:00:00Z",
	"peak":                182.5,
	"peak_at":             "2026-01-01T20:20:00Z",
	"pos":                 8,
	"positive":            410,
	"problem_count":       0,
	"profile_image":       "data:image/png;base64,iVBORw0KGgo=",
	"questions":           88,
	"rate":                48.5,
	"reason":              "The channel does not exist",
	"registrations":       1,
	"running":             3,
	"saved":               17,
	"seconds":             5400,
	"sign_ins":            9,
	"since":               "2026-01-01T20:00:00Z",
	"sockets":             41,
	"started":             4,
	"started_at":          "2026-01-01T20:00:00Z",
	"step_seconds":        60,
	"subscriber_messages": 402,
	"sum":                 4.2,
	"summary":             "42 people wrote 1,240 messages in 90 minutes, 29.5 each.",
	"t":                   1_767_297_600,
	"term":                "amazing",
	"term_error":          0,
	"text":                "what a save",
	"text_characters":     2000,
	"texts":               100,
	"time_series":         []any{map[string]any{"x": 1_767_297_600_000, "y": 0.5, "sentiment": "positive"}},
	"timestamp":           "2026-01-01T20:15:00Z",
	"to":                  "2026-01-01T20:15:00Z",
	"top_error":           0,
	"total":               1240,
	"totalItems":          35,
	"total_count":         35,
	"total_pages":         4,
	"trend":               0.02,
	"unjudged":            0,
	"unscored":            9,
	"unshown":             3,
	"unsure":              55,
	"uptime":              3600,
	"uptime_seconds":      3600,
	"used":                1,
	"uses":                5,
	"version":             "1.2.3",
	"viewers":             12,
	"w":                   20,
	"waiting":             0,
	"waves":               40,
	"wsum":                3.9,

	"Mood.all": 0.21, "Mood.m1": 0.3, "Mood.m5": 0.25, "Mood.m15": 0.2, "Mood.m60": 0.21, "Mood.now": 0.4,
	"Rate.m1": 52.0, "Rate.m5": 47.2, "Rate.now": 55.0,
	"Pagination.limit":     10,
	"QueuedMail.reason":    "The mail server smtp.example.org cannot be reached: the connection was refused",
	"SaveRequest.duration": 5400,
	"Mark.name":            "Vale_Raider",
	"Mark.text":            "",
	"Gap.reason":           "connection lost",
	"Tag.name":             "finals",
	"Tag.count":            3,
	"Moment.id":            "hype-1767297600",
	"Chatter.count":        64,

	"LiveMessage.$": 0, "LiveMessage.b": []any{"subscriber/12"}, "LiveMessage.c": "#1E90FF", "LiveMessage.e": []any{[]any{"25", 0, 5}},
	"LiveMessage.f": "s", "LiveMessage.id": "5c2b0b9e-8b0e-4e0e-9d43-0f6a2c1f7d55", "LiveMessage.k": 0.91, "LiveMessage.n": "Nora_Q", "LiveMessage.s": 0.7,
	"LiveMessage.t": 1_767_297_600_123, "LiveMessage.u": "nora_q", "LiveMessage.x": "Kappa what a save",
	"LiveReply.id": "8f0c7f7a-3ad1-4f0c-b7a3-5f5f3c1f0a11", "LiveReply.u": "vale", "LiveReply.x": "did he save it?",

	"Info.demo_channels":     []any{"sim_arena"},
	"Readiness.reasons":      []any{},
	"SentimentRequest.texts": []any{"what a save!", "that was awful"},
	"Source.notes":           []any{},
	"Source.problems":        []any{},
}

// wholeExamples are successes that their schema does not describe, by operation
// and type of content, or by the type of content alone.
var wholeExamples = map[string]any{
	"admin-log-activities application/json": []any{"Logged in", "Saved an Analysis"},
	"get-history-report application/json":   reportExample,
	"get-shared-report application/json":    reportExample,
	"chat-events text/event-stream":         "event: message\nid: 17\ndata: {\"type\":\"batch\",\"m\":[]}\n\n",
	"status-events text/event-stream":       "data: {\"type\":\"status\",\"status\":\"connected\"}\n\n",
	"application/x-ndjson":                  "{\"hash\":\"9f86d081884c7d65\",\"label\":\"negative\",\"channel\":\"somebody\",\"time\":\"2026-01-01T20:15:00Z\"}\n",
	"text/tab-separated-values":             "9f86d081884c7d65\tnegative\tsomebody\t2026-01-01T20:15:00Z\n",
	"text/csv":                              "section,key,value\r\ncounts,total,1240\r\n",
	"text/html":                             "<!doctype html><title>somebody</title>",
	"text/markdown":                         "# somebody\n\n1,240 messages in 90 minutes\n",
	"text/plain":                            "somebody: 1,240 messages in 90 minutes\n",
	"application/octet-stream":              "2026-01-31 20:00:00 #somebody nora_q: what a save\n",
	"multipart/form-data":                   map[string]any{"format": "auto", "channel": "somebody", "tz": "Europe/Berlin", "file": "2026-01-31 20:00:00 #somebody nora_q: what a save\n"},
}

var reportExample = map[string]any{"schema": "chatmood.report", "version": 1, "chatters": "names", "analysis": map[string]any{"channel": "somebody"}}

// parameterTexts describe parameters that do not describe themselves, with an
// example: by what precedes them in the path and their name, or in queries by
// "?" and their name.
var parameterTexts = map[string]struct {
	text    string
	example any
}{
	"channels/channel":             {"The channel's login", "somebody"},
	"history/id":                   {"Of the saved analysis", "65a1b2c3d4e5f60718293a4b"},
	"invites/code":                 {"The invitation's code", "K3TQ5ZRYNX2WLB4AK3TQ5ZRYNX"},
	"invites/id":                   {"Of the invitation", "65a1b2c3d4e5f60718293a4b"},
	"mail/id":                      {"Of the mail: its Message-ID", "K3TQ5ZRYNX2WLB4A@example.org"},
	"sessions/id":                  {"Of the session", "65a1b2c3d4e5f60718293a41"},
	"setup/token":                  {"The token of the set-up link", "K3TQ5ZRYNX2WLB4AK3TQ5ZRYNX"},
	"shared/token":                 {"The token of the link", "K3TQ5ZRYNX2WLB4AK3TQ5ZRYNX"},
	"shares/share_id":              {"Of the link", "65a1b2c3d4e5f60718293a4b"},
	"users/id":                     {"Of the user", "65a1b2c3d4e5f60718293a4b"},
	"validate-reset-token/user_id": {"Of the user", "65a1b2c3d4e5f60718293a4b"},
	"validate-reset-token/token":   {"The token of the mailed link", "K3TQ5ZRYNX2WLB4AK3TQ5ZRYNX"},
	"?before":                      {"Only what ended before", "2026-01-01T20:00:00Z"},
	"?direction":                   {"Smallest or largest first", "desc"},
	"?limit":                       {"How many on a page", 20},
	"?page":                        {"Which page, beginning with 1", 1},
	"?role":                        {"Only users of this role", "user"},
	"?sort":                        {"What the list is ordered by", "created_at"},
	"?status":                      {"Only users of this status", "active"},
	"?user_id":                     {"Only what this user did", "65a1b2c3d4e5f60718293a4b"},
}

// addExamples fills in what the types do not say themselves: an example of each
// field and parameter, and of each success as a whole.
func addExamples(doc *huma.OpenAPI) {
	x := exampler{schemas: doc.Components.Schemas.Map()}
	for name, s := range x.schemas {
		for field, property := range s.Properties {
			x.give(name, field, property)
		}
	}
	for path, item := range doc.Paths {
		for _, op := range operationsOf(item) {
			for _, p := range op.Parameters {
				describeParameter(path, p)
			}
			if op.RequestBody != nil {
				x.wholes(op.OperationID, op.RequestBody.Content)
			}
			for status, response := range op.Responses {
				if strings.HasPrefix(status, "2") {
					x.wholes(op.OperationID, response.Content)
				}
			}
		}
	}
}

func operationsOf(item *huma.PathItem) []*huma.Operation {
	return slices.DeleteFunc([]*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete}, func(op *huma.Operation) bool { return op == nil })
}

func describeParameter(path string, p *huma.Param) {
	key := "?" + p.Name
	if p.In == "path" {
		before, _, _ := strings.Cut(path, "/{"+p.Name+"}")
		before = strings.TrimRight(before, "/")
		for strings.HasSuffix(before, "}") { // another parameter is between
			before = before[:strings.LastIndex(before, "/{")]
		}
		key = before[strings.LastIndex(before, "/")+1:] + "/" + p.Name
	}
	known := parameterTexts[key]
	if p.Description == "" {
		p.Description = known.text
	}
	s := p.Schema
	if p.Example == nil && len(p.Examples) == 0 && (s == nil || len(s.Examples)+len(s.Enum) == 0 && s.Default == nil) {
		p.Example = known.example
	}
}

// exampler makes examples from schemas.
type exampler struct {
	schemas map[string]*huma.Schema
}

// give gives a field an example where its type says none.
func (x exampler) give(schema, field string, s *huma.Schema) {
	if s.Ref != "" || len(s.Examples)+len(s.Enum) > 0 || s.Default != nil || s.Type == huma.TypeBoolean || s.Type == huma.TypeObject {
		return
	}
	v, ok := fieldExamples[schema+"."+field]
	if !ok && (s.Type != huma.TypeArray || s.Items == nil) {
		v, ok = fieldExamples[field]
	}
	if ok {
		s.Examples = []any{v}
	}
}

// wholes gives contents an example.
func (x exampler) wholes(operation string, contents map[string]*huma.MediaType) {
	for kind, media := range contents {
		if media.Example != nil || len(media.Examples) > 0 {
			continue
		}
		v, ok := wholeExamples[operation+" "+kind]
		if !ok {
			v, ok = wholeExamples[kind]
		}
		if !ok && media.Schema != nil && strings.HasSuffix(kind, "json") {
			v, ok = x.of(media.Schema, nil)
		}
		if ok {
			media.Example = v
		}
	}
}

// of returns an example of a schema; false where there is none for some part of
// it. within are the names of the schemas around it.
func (x exampler) of(s *huma.Schema, within []string) (any, bool) {
	switch {
	case s.Ref != "":
		name := s.Ref[strings.LastIndex(s.Ref, "/")+1:]
		if slices.Contains(within, name) || x.schemas[name] == nil {
			return nil, false
		}
		return x.of(x.schemas[name], append(within, name))
	case len(s.Examples) > 0:
		return s.Examples[0], true
	case s.Default != nil:
		return s.Default, true
	case len(s.Enum) > 0:
		return s.Enum[0], true
	case len(s.OneOf) > 0:
		return x.of(s.OneOf[0], within)
	}
	switch s.Type {
	case huma.TypeBoolean:
		return true, true
	case huma.TypeArray:
		item, ok := x.of(s.Items, within)
		return []any{item}, ok
	case huma.TypeObject:
		out := make(map[string]any, len(s.Properties))
		for name, property := range s.Properties {
			v, ok := x.of(property, within)
			if !ok {
				return nil, false
			}
			out[name] = v
		}
		if inner, ok := s.AdditionalProperties.(*huma.Schema); ok {
			v, ok := x.of(inner, within)
			if !ok {
				return nil, false
			}
			out["store"] = v
		}
		return out, true
	}
	return nil, false
}
