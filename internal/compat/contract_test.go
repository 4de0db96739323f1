package compat_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Each subtest is a row of the contract, named by its section and endpoint. A
// row that the new system answers differently on purpose says so; the list with
// reasons is docs/compatibility.md.

func TestContractService(t *testing.T) {
	onStores(t, nil, func(t *testing.T, s *system) {
		t.Run("3.1 GET /", func(t *testing.T) {
			s.guest().with(t).get("/").ok(object{"status": "running"})
		})
		t.Run("3.1 GET /health", func(t *testing.T) {
			got := s.guest().with(t).get("/health").ok(object{"status": "healthy", "database": "connected", "active_bots": 0, "active_websockets": 0})
			for _, key := range []string{"timestamp", "active_sessions"} { // the second is the Flask version's
				if got.object()[key] == nil {
					t.Errorf("there is no %s in %s", key, got.body)
				}
			}
		})
		t.Run("1 unknown path", func(t *testing.T) {
			s.guest().with(t).get("/api/nothing").refused(http.StatusNotFound, "Not Found")
		})
		t.Run("1 unknown method", func(t *testing.T) {
			s.guest().with(t).delete("/api/login", nil).refused(http.StatusMethodNotAllowed, "Method Not Allowed")
		})
		t.Run("1 trailing slash", func(t *testing.T) {
			got := s.guest().with(t).get("/health/")
			if got.status != http.StatusTemporaryRedirect || got.header.Get("Location") != "/health" {
				t.Errorf("status %d to %q, want 307 to /health", got.status, got.header.Get("Location"))
			}
		})
		t.Run("1 documentation", func(t *testing.T) {
			for _, path := range []string{"/docs", "/openapi.json"} {
				if got := s.guest().with(t).get(path); got.status != http.StatusOK {
					t.Errorf("GET %s: %d", path, got.status)
				}
			}
			if got := s.guest().with(t).get("/redoc"); got.status != http.StatusTemporaryRedirect {
				t.Errorf("GET /redoc: %d", got.status)
			}
		})
		t.Run("1 bodies that are none", func(t *testing.T) {
			for _, body := range []any{nil, "[]", "{x", `"text"`} {
				got := s.guest().with(t).post("/api/login", body)
				if got.status != http.StatusUnprocessableEntity {
					t.Errorf("body %v: status %d, want 422: %s", body, got.status, got.body)
				}
			}
		})
	})
}

func TestContractAccounts(t *testing.T) {
	onStores(t, nil, func(t *testing.T, s *system) {
		for _, m := range []mode{bearers, cookies} {
			t.Run(string(m), func(t *testing.T) { walkAccounts(t, s, m) })
		}
	})
}

// walkAccounts goes the way of a user from registering to deleting the account.
func walkAccounts(t *testing.T, s *system, m mode) {
	email := "nora." + string(m) + "@example.org"
	fresh := func(t *testing.T) *client { return s.guest().with(t) }
	const registered = "Registration successful. Please check your email for verification code."
	registration := object{"email": email, "password": password, "first_name": "Nora", "last_name": "Quill"}
	without := func(key string) object {
		o := object{}
		for k, v := range registration {
			if k != key {
				o[k] = v
			}
		}
		return o
	}

	t.Run("3.2 POST /api/register", func(t *testing.T) {
		for _, field := range []string{"email", "password", "first_name", "last_name"} {
			fresh(t).post("/api/register", without(field)).refused(http.StatusBadRequest, field+" is required")
		}
		fresh(t).post("/api/register", object{}).refused(http.StatusBadRequest, "email is required")
		weak := map[string]string{
			"Ab1!":           "Password must be at least 8 characters long",
			"tangerine7!":    "Password must include at least one uppercase letter",
			"TANGERINE7!":    "Password must include at least one lowercase letter",
			"Tangerine!boat": "Password must include at least one number",
			"Tangerine7boat": "Password must include at least one special character",
			"Tangerine7_-+=": "Password must include at least one special character",
		}
		for text, want := range weak {
			body := without("password")
			body["password"] = text
			fresh(t).post("/api/register", body).refused(http.StatusBadRequest, want)
		}
		bad := without("email")
		bad["email"] = "not-an-email"
		fresh(t).post("/api/register", bad).refused(http.StatusBadRequest, "Please enter a valid email address")
		fresh(t).post("/api/register", registration).ok(object{"message": registered, "email": email})
	})
	t.Run("3.2 POST /api/login before the code", func(t *testing.T) {
		fresh(t).post("/api/login", object{"email": email, "password": password}).
			refused(http.StatusForbidden, "Account is not active. Please verify your email.")
	})
	t.Run("3.2 POST /api/resend-otp", func(t *testing.T) {
		fresh(t).post("/api/resend-otp", object{}).refused(http.StatusBadRequest, "Email is required")
		s.code(email) // good no more once there is another
		fresh(t).post("/api/resend-otp", object{"email": email}).ok(object{"message": "OTP resent successfully"})
	})
	t.Run("3.2 POST /api/verify-otp", func(t *testing.T) {
		fresh(t).post("/api/verify-otp", object{"email": email}).refused(http.StatusBadRequest, "Email and OTP are required")
		fresh(t).post("/api/verify-otp", object{"email": email, "otp": "000000"}).refused(http.StatusBadRequest, "Invalid or expired OTP")
		fresh(t).post("/api/verify-otp", object{"email": email, "otp": s.code(email)}).ok(object{"message": "Email verified successfully"})
	})

	var userID string
	var c *client
	t.Run("3.2 POST /api/login", func(t *testing.T) {
		fresh(t).post("/api/login", object{"email": email}).refused(http.StatusBadRequest, "Email and password are required")
		got := fresh(t).post("/api/login", object{"email": email, "password": password}).ok(object{"token_type": "bearer"})
		user, _ := got.object()["user"].(object)
		for _, key := range []string{"id", "email", "first_name", "last_name", "role", "profile_image"} {
			if _, ok := user[key]; !ok {
				t.Errorf("the user lacks %s: %v", key, user)
			}
		}
		userID, _ = user["id"].(string)
		if len(userID) != 24 || user["email"] != email || user["role"] != "user" || user["profile_image"] != nil {
			t.Errorf("the user is %v", user)
		}
		if parts := strings.Split(got.text("access_token"), "."); len(parts) != 3 {
			t.Errorf("the token is no JWT: %s", got.body)
		}
	})
	c = s.signIn(m, email, password)
	t.Run("3.2 GET /api/authenticate", func(t *testing.T) {
		got := c.with(t).get("/api/authenticate").ok(nil)
		if user, _ := got.object()["user"].(object); user["id"] != userID {
			t.Errorf("the user is %s, want %s", got.body, userID)
		}
	})
	t.Run("1 who is not signed in", func(t *testing.T) {
		// 401, not 403: both front-ends test only whether it is a success.
		fresh(t).get("/api/authenticate").refused(http.StatusUnauthorized, "Not authenticated")
		basic := fresh(t).do(http.MethodGet, "/api/authenticate", nil, http.Header{"Authorization": {"Basic abc"}})
		basic.refused(http.StatusUnauthorized, "Invalid authentication credentials")
		bad := fresh(t)
		bad.bearer = "a.b.c"
		got := bad.get("/api/authenticate").refused(http.StatusUnauthorized, "Could not validate credentials")
		if got.header.Get("WWW-Authenticate") != "Bearer" {
			t.Errorf("WWW-Authenticate is %q", got.header.Get("WWW-Authenticate"))
		}
	})

	t.Run("3.3 PUT /api/user/profile", func(t *testing.T) {
		c.with(t).put("/api/user/profile", object{}).refused(http.StatusBadRequest, "No data provided")
		got := c.with(t).put("/api/user/profile", object{"first_name": "Nell", "last_name": "Quint"}).ok(object{"message": "Profile updated successfully"})
		if user, _ := got.object()["user"].(object); user["first_name"] != "Nell" || user["last_name"] != "Quint" {
			t.Errorf("the user is %v", user)
		}
	})
	t.Run("3.3 profile image", func(t *testing.T) {
		const pixel = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
		c.with(t).put("/api/user/profile-image", object{}).refused(http.StatusBadRequest, "No image data provided")
		got := c.with(t).put("/api/user/profile-image", object{"image": pixel}).ok(object{"message": "Profile image updated successfully"})
		user, _ := got.object()["user"].(object)
		if image, _ := user["profile_image"].(string); !strings.HasPrefix(image, "data:image/") {
			t.Errorf("the image is %v", user["profile_image"])
		}
		got = c.with(t).delete("/api/user/profile-image", nil).ok(object{"message": "Profile image removed successfully"})
		if user, _ := got.object()["user"].(object); user["profile_image"] != nil {
			t.Errorf("the image is %v", user["profile_image"])
		}
	})

	const next = "Marmalade9? kite"
	t.Run("3.3 POST /api/user/change-password", func(t *testing.T) {
		c.with(t).post("/api/user/change-password", object{"old_password": password}).refused(http.StatusBadRequest, "Old and new password are required")
		c.with(t).post("/api/user/change-password", object{"old_password": "Wrong1!word", "new_password": next}).refused(http.StatusUnauthorized, "Incorrect old password")
		c.with(t).post("/api/user/change-password", object{"old_password": password, "new_password": "short"}).
			refused(http.StatusBadRequest, "Password must be at least 8 characters long")
		c.with(t).post("/api/user/change-password", object{"old_password": password, "new_password": next}).ok(object{"message": "Password changed successfully"})
	})
	c = s.signIn(m, email, next)

	t.Run("9 change of e-mail", func(t *testing.T) {
		other := "new." + email
		c.with(t).post("/api/user/change-email/cancel", nil).refused(http.StatusBadRequest, "No active email change request found")
		c.with(t).post("/api/user/change-email/request", object{"new_email": other}).refused(http.StatusBadRequest, "New email and password are required")
		c.with(t).post("/api/user/change-email/request", object{"new_email": other, "password": "Wrong1!word"}).refused(http.StatusUnauthorized, "Incorrect password")
		c.with(t).post("/api/user/change-email/request", object{"new_email": "nonsense", "password": next}).refused(http.StatusBadRequest, "Please enter a valid email address")
		c.with(t).post("/api/user/change-email/request", object{"new_email": email, "password": next}).refused(http.StatusBadRequest, "New email cannot be the same as current email")
		c.with(t).post("/api/user/change-email/request", object{"new_email": s.admin.Email, "password": next}).refused(http.StatusBadRequest, "Email address already in use")
		c.with(t).post("/api/user/change-email/request", object{"new_email": other, "password": next}).ok(object{"current_email": email})
		c.with(t).post("/api/user/change-email/verify-current", object{}).refused(http.StatusBadRequest, "OTP is required")
		c.with(t).post("/api/user/change-email/verify-current", object{"otp": "000000"}).refused(http.StatusBadRequest, "Invalid or expired OTP")
		c.with(t).post("/api/user/change-email/verify-current", object{"otp": s.code(email)}).ok(object{"new_email": other})
		c.with(t).post("/api/user/change-email/verify-new", object{}).refused(http.StatusBadRequest, "OTP is required")
		c.with(t).post("/api/user/change-email/verify-new", object{"otp": "000000"}).refused(http.StatusBadRequest, "Invalid or expired OTP")
		got := c.with(t).post("/api/user/change-email/verify-new", object{"otp": s.code(other)}).ok(object{"message": "Email changed successfully"})
		if user, _ := got.object()["user"].(object); user["email"] != other {
			t.Errorf("the user is %v", user)
		}
		email = other
		c = s.signIn(m, email, next)
		c.with(t).post("/api/user/change-email/request", object{"new_email": "third." + email, "password": next}).ok(nil)
		c.with(t).post("/api/user/change-email/cancel", nil).ok(nil)
	})

	t.Run("3.2 forgotten password", func(t *testing.T) {
		const sent = "Password reset instructions sent to email if account exists"
		const bad = "Invalid or expired reset link"
		fresh(t).post("/api/forgot-password", object{}).refused(http.StatusBadRequest, "Email is required")
		fresh(t).post("/api/forgot-password", object{"email": email}).ok(object{"message": sent})
		id, token := s.resetLink(email)
		if id != userID {
			t.Errorf("the link is for %s, want %s", id, userID)
		}
		fresh(t).get("/api/validate-reset-token/"+id+"/nonsense").refused(http.StatusBadRequest, bad)
		fresh(t).get("/api/validate-reset-token/" + id + "/" + token).ok(object{"message": "Valid reset token"})
		fresh(t).post("/api/reset-password", object{"userId": id, "token": token}).refused(http.StatusBadRequest, "User ID, token and password are required")
		fresh(t).post("/api/reset-password", object{"userId": id, "token": token, "password": "short"}).
			refused(http.StatusBadRequest, "Password must be at least 8 characters long")
		fresh(t).post("/api/reset-password", object{"userId": id, "token": token, "password": password}).ok(object{"message": "Password has been reset successfully"})
		fresh(t).post("/api/reset-password", object{"userId": id, "token": token, "password": password}).refused(http.StatusBadRequest, bad)
	})
	c = s.signIn(m, email, password)

	t.Run("9 POST /api/refresh-token", func(t *testing.T) {
		got := c.with(t).post("/api/refresh-token", object{}).ok(object{"token_type": "bearer"})
		renewed := s.guest().with(t)
		renewed.bearer = got.text("access_token")
		renewed.get("/api/authenticate").ok(nil)
	})
	t.Run("3.6 POST /api/contact", func(t *testing.T) {
		fresh(t).post("/api/contact", object{"name": "Nora"}).refused(http.StatusBadRequest, "All fields are required.")
		fresh(t).post("/api/contact", object{"name": "Nora", "email": email, "subject": "Hello", "message": "A question"}).ok(object{"message": "Message sent successfully!"})
	})
	t.Run("3.2 POST /api/logout", func(t *testing.T) {
		other := s.signIn(m, email, password)
		other.with(t).post("/api/logout", nil).ok(object{"message": "Successfully logged out"})
		if got := other.with(t).get("/api/authenticate"); got.status != http.StatusUnauthorized {
			t.Errorf("after signing out: %d %s", got.status, got.body)
		}
	})
	t.Run("3.3 DELETE /api/user/delete-account", func(t *testing.T) {
		if got := c.with(t).delete("/api/user/delete-account", nil); got.status != http.StatusUnprocessableEntity {
			t.Errorf("without a body: %d %s", got.status, got.body)
		}
		c.with(t).delete("/api/user/delete-account", object{}).refused(http.StatusBadRequest, "Password is required")
		c.with(t).delete("/api/user/delete-account", object{"password": "Wrong1!word"}).refused(http.StatusUnauthorized, "Incorrect password")
		c.with(t).delete("/api/user/delete-account", object{"password": password}).ok(object{"message": "Account deleted successfully", "deleted_history_count": 0})
		if got := c.with(t).get("/api/authenticate"); got.status != http.StatusUnauthorized {
			t.Errorf("after deleting the account: %d %s", got.status, got.body)
		}
	})
}

func TestContractTwitchAndHistory(t *testing.T) {
	onStores(t, nil, func(t *testing.T, s *system) {
		for _, m := range []mode{bearers, cookies} {
			t.Run(string(m), func(t *testing.T) { walkHistory(t, s, m, "chan_"+string(m)) })
		}
	})
}

// walkHistory goes the way of a user from connecting a channel to the archive.
func walkHistory(t *testing.T, s *system, m mode, channel string) {
	c := s.newUser(m, "hana."+string(m)+"@example.org")
	stranger := s.newUser(m, "sven."+string(m)+"@example.org")

	t.Run("3.4 POST /api/twitch/connect", func(t *testing.T) {
		s.guest().with(t).post("/api/twitch/connect", object{"url": "twitch.tv/" + channel}).refused(http.StatusUnauthorized, "Not authenticated")
		c.with(t).post("/api/twitch/connect", object{}).refused(http.StatusBadRequest, "Twitch URL is required")
		c.with(t).post("/api/twitch/connect", object{"url": "https://example.org/x"}).refused(http.StatusBadRequest, "Invalid Twitch URL")
		// The channel comes back in lower case; the old system kept it as typed.
		c.with(t).post("/api/twitch/connect", object{"url": "https://www.twitch.tv/" + strings.ToUpper(channel)}).
			ok(object{"message": "Connected to " + channel + "'s chat", "channel": channel})
	})
	t.Run("3.4 POST /api/log/analysis-start", func(t *testing.T) {
		c.with(t).post("/api/log/analysis-start", object{}).refused(http.StatusBadRequest, "Streamer name is required")
		c.with(t).post("/api/log/analysis-start", object{"streamer": channel}).ok(object{"message": "Activity logged successfully"})
	})
	s.say(channel, "this is great, love it", "what time is it", "worst play ever, so bad", "nice one, well done")
	s.eventually("the messages are counted", func() bool {
		snapshot := c.get("/api/channels/" + channel)
		var got struct{ Counts struct{ Total int } }
		return snapshot.status == http.StatusOK && json.Unmarshal(snapshot.body, &got) == nil && got.Counts.Total == 4
	})
	claimed := object{
		"streamer_name": channel, "total_chats": 3, "sentiment_count": object{"positive": 1, "neutral": 1, "negative": 1},
		"top_positive": []object{{"username": "u", "count": 1}}, "top_negative": []object{}, "top_neutral": []object{}, "duration": "65",
	}
	var id string
	t.Run("3.4 POST /api/history/save", func(t *testing.T) {
		s.guest().with(t).post("/api/history/save", claimed).refused(http.StatusUnauthorized, "Not authenticated")
		for _, field := range []string{"streamer_name", "total_chats", "sentiment_count", "top_positive", "top_negative", "top_neutral"} {
			body := object{}
			for k, v := range claimed {
				if k != field {
					body[k] = v
				}
			}
			c.with(t).post("/api/history/save", body).refused(http.StatusBadRequest, "Missing required field: "+field)
		}
		id = c.with(t).post("/api/history/save", claimed).ok(object{"message": "Analysis saved successfully"}).text("history_id")
		if len(id) != 24 {
			t.Errorf("history_id is %q", id)
		}
	})
	t.Run("3.4 POST /api/twitch/disconnect", func(t *testing.T) {
		c.with(t).post("/api/twitch/disconnect", object{}).refused(http.StatusBadRequest, "Channel name is required")
		c.with(t).post("/api/twitch/disconnect", object{"channel": channel}).ok(object{"message": "Disconnected from " + channel + "'s chat"})
		c.with(t).post("/api/twitch/disconnect", object{"channel": channel}).ok(object{"message": "Already disconnected"})
	})
	document := []string{
		"_id", "user_id", "streamer_name", "total_chats", "sentiment_count", "top_positive", "top_negative", "top_neutral",
		"duration", "summary", "status", "created_at", "updated_at",
	}
	t.Run("3.4 GET /api/history", func(t *testing.T) {
		s.guest().with(t).get("/api/history").refused(http.StatusUnauthorized, "Not authenticated")
		list := c.with(t).get("/api/history").list()
		if len(list) != 1 {
			t.Fatalf("there are %d documents, want 1", len(list))
		}
		for _, key := range document {
			if _, ok := list[0][key]; !ok {
				t.Errorf("the document lacks %s", key)
			}
		}
		// The numbers are the server's: four messages were written, whatever the page claims.
		if list[0]["_id"] != id || list[0]["total_chats"] != 4.0 || list[0]["streamer_name"] != channel {
			t.Errorf("the document is %v", list[0])
		}
		count, _ := list[0]["sentiment_count"].(object)
		if count["positive"] != 2.0 || count["neutral"] != 1.0 || count["negative"] != 1.0 {
			t.Errorf("sentiment_count is %v, want 2, 1 and 1", count)
		}
		if at, err := time.Parse(time.RFC3339Nano, fmt.Sprint(list[0]["created_at"])); err != nil || time.Since(at).Abs() > time.Minute {
			t.Errorf("created_at is %v: %v", list[0]["created_at"], err)
		}
	})
	t.Run("3.4 GET /api/history/{id}", func(t *testing.T) {
		got := c.with(t).get("/api/history/" + id).ok(object{"_id": id, "total_chats": 4, "status": "active"})
		if got.object()["user_id"] == nil {
			t.Error("there is no user_id")
		}
		for _, other := range []string{"zzz", strings.Repeat("0", 24)} {
			c.with(t).get("/api/history/"+other).refused(http.StatusNotFound, "History not found")
		}
		stranger.with(t).get("/api/history/"+id).refused(http.StatusNotFound, "History not found")
	})
	t.Run("8 GET /api/history/{id}/pdf", func(t *testing.T) {
		got := c.with(t).get("/api/history/" + id + "/pdf")
		if got.status != http.StatusOK || got.header.Get("Content-Type") != "application/pdf" || !strings.HasPrefix(string(got.body), "%PDF-") {
			t.Errorf("status %d, %s", got.status, got.header.Get("Content-Type"))
		}
		if d := got.header.Get("Content-Disposition"); !strings.Contains(d, "attachment") || !strings.Contains(d, "chat_analysis_"+id+".pdf") {
			t.Errorf("Content-Disposition is %q", d)
		}
		stranger.with(t).get("/api/history/"+id+"/pdf").refused(http.StatusNotFound, "History not found")
		s.guest().with(t).get("/api/history/"+id+"/pdf").refused(http.StatusUnauthorized, "Not authenticated")
	})
	t.Run("3.4 DELETE /api/history/{id}", func(t *testing.T) {
		const failed = "Failed to delete history or history not found"
		stranger.with(t).delete("/api/history/"+id, nil).refused(http.StatusNotFound, failed)
		c.with(t).delete("/api/history/zzz", nil).refused(http.StatusNotFound, failed)
		for range 2 { // a second time is a success as well
			c.with(t).delete("/api/history/"+id, nil).ok(object{"message": "History deleted successfully"})
		}
		c.with(t).get("/api/history/"+id).refused(http.StatusNotFound, "History not found")
		if list := c.with(t).get("/api/history").list(); len(list) != 0 {
			t.Errorf("the list holds %v", list)
		}
	})
	t.Run("9 GET /api/history/deleted", func(t *testing.T) {
		list := c.with(t).get("/api/history/deleted").list()
		if len(list) != 1 || list[0]["_id"] != id || list[0]["status"] != "deleted" {
			t.Errorf("the archive holds %v", list)
		}
	})
	t.Run("9 POST /api/history/{id}/restore", func(t *testing.T) {
		const failed = "Failed to restore history or history not found"
		stranger.with(t).post("/api/history/"+id+"/restore", nil).refused(http.StatusNotFound, failed)
		c.with(t).post("/api/history/zzz/restore", nil).refused(http.StatusNotFound, failed)
		got := c.with(t).post("/api/history/"+id+"/restore", nil).ok(object{"message": "History restored successfully"})
		for _, key := range document {
			if _, ok := got.object()[key]; !ok {
				t.Errorf("the answer lacks %s of the document", key)
			}
		}
	})
	t.Run("9 the account's history goes with it", func(t *testing.T) {
		c.with(t).delete("/api/user/delete-account", object{"password": password}).ok(object{"deleted_history_count": 1})
	})
}

func TestContractGuests(t *testing.T) {
	onStores(t, map[string]string{"GUESTS": "analyse"}, func(t *testing.T, s *system) {
		const channel = "guestroom"
		first, second := s.browser(), s.browser()
		t.Run("9 POST /api/twitch/connect-guest", func(t *testing.T) {
			first.with(t).post("/api/twitch/connect-guest", object{}).refused(http.StatusBadRequest, "Twitch URL is required")
			for _, c := range []*client{first, second} {
				c.with(t).post("/api/twitch/connect-guest", object{"url": "https://twitch.tv/" + channel}).
					ok(object{"message": "Connected to " + channel + "'s chat", "channel": channel})
			}
		})
		t.Run("9 POST /api/twitch/disconnect-guest", func(t *testing.T) {
			first.with(t).post("/api/twitch/disconnect-guest", object{}).refused(http.StatusBadRequest, "Channel name is required")
			first.with(t).post("/api/twitch/disconnect-guest", object{"channel": channel}).ok(nil)
			// The old system stopped it for everybody.
			second.with(t).get("/api/channels/" + channel).ok(nil)
		})
	})
	t.Run("not where guests may not", func(t *testing.T) {
		s := start(t, "", nil)
		s.guest().with(t).post("/api/twitch/connect-guest", object{"url": "twitch.tv/alpha"}).refused(http.StatusUnauthorized, "Not authenticated")
	})
}

func TestContractAdmin(t *testing.T) {
	onStores(t, nil, func(t *testing.T, s *system) {
		for _, m := range []mode{bearers, cookies} {
			t.Run(string(m), func(t *testing.T) { walkAdmin(t, s, m) })
		}
	})
}

// walkAdmin goes the way of an administrator.
func walkAdmin(t *testing.T, s *system, m mode) {
	admin := s.signIn(m, s.admin.Email, password)
	email := "uma." + string(m) + "@example.org"
	user := s.newUser(m, email)
	userID, _ := user.get("/api/authenticate").object()["user"].(object)["id"].(string)

	t.Run("3.5 who is no administrator", func(t *testing.T) {
		for _, path := range []string{"users", "users/count", "comments/count", "usage/count", "logs"} {
			user.with(t).get("/api/admin/"+path).refused(http.StatusForbidden, "Admin privileges required")
			s.guest().with(t).get("/api/admin/"+path).refused(http.StatusUnauthorized, "Not authenticated")
		}
		user.with(t).put("/api/admin/users/"+userID, object{}).refused(http.StatusForbidden, "Admin privileges required")
		user.with(t).post("/api/admin/logs/cleanup", object{}).refused(http.StatusForbidden, "Admin privileges required")
	})
	t.Run("3.5 GET /api/admin/users", func(t *testing.T) {
		list := admin.with(t).get("/api/admin/users").list()
		var found object
		for _, u := range list {
			for _, secret := range []string{"password_hash", "reset_token", "token_expire", "otp", "otp_created_at", "pending_new_email"} {
				if _, ok := u[secret]; ok {
					t.Errorf("a user shows %s", secret)
				}
			}
			if u["_id"] == userID {
				found = u
			}
		}
		for _, key := range []string{"_id", "first_name", "last_name", "email", "role", "status", "created_at", "updated_at", "profile_image"} {
			if _, ok := found[key]; !ok {
				t.Errorf("the user lacks %s: %v", key, found)
			}
		}
	})
	t.Run("3.5 counts", func(t *testing.T) {
		got := admin.with(t).get("/api/admin/users/count").ok(nil).object()
		total, _ := got["total"].(float64)
		active, _ := got["active"].(float64)
		if total < 2 || active < 2 || active > total {
			t.Errorf("users/count is %v", got)
		}
		for _, path := range []string{"comments", "usage"} {
			if got := admin.with(t).get("/api/admin/" + path + "/count").ok(nil).object(); got["total"] == nil {
				t.Errorf("%s/count is %v", path, got)
			}
		}
	})
	t.Run("3.5 PUT /api/admin/users/{user_id}", func(t *testing.T) {
		path := "/api/admin/users/" + userID
		body := func(change object) object {
			o := object{"first_name": "Uma", "last_name": "Vale", "email": email, "role": "user", "status": "active"}
			for k, v := range change {
				if v == nil {
					delete(o, k)
				} else {
					o[k] = v
				}
			}
			return o
		}
		admin.with(t).put(path, object{}).refused(http.StatusBadRequest, "No data provided")
		for _, field := range []string{"first_name", "last_name", "email", "role", "status"} {
			admin.with(t).put(path, body(object{field: nil})).refused(http.StatusBadRequest, field+" is required")
		}
		admin.with(t).put(path, body(object{"status": "dead"})).refused(http.StatusBadRequest, "Status must be one of: active, not_active, suspended")
		admin.with(t).put(path, body(object{"role": "godmode"})).refused(http.StatusBadRequest, "Role must be one of: user, admin")
		admin.with(t).put(path, body(object{"email": s.admin.Email})).refused(http.StatusBadRequest, "Email is already taken")
		for _, id := range []string{"zzz", strings.Repeat("0", 24)} {
			admin.with(t).put("/api/admin/users/"+id, body(nil)).refused(http.StatusNotFound, "User not found")
		}
		admin.with(t).put(path, body(nil)).ok(object{"_id": userID, "first_name": "Uma", "last_name": "Vale", "email": email, "role": "user", "status": "active"})
	})
	t.Run("3.5 GET /api/admin/logs", func(t *testing.T) {
		got := admin.with(t).get("/api/admin/logs").ok(nil).object()
		keys(t, "the answer", got, "logs", "totalItems", "pagination")
		page, _ := got["pagination"].(object)
		for _, key := range []string{"current_page", "total_pages", "total_count", "has_next", "has_prev", "limit"} {
			if _, ok := page[key]; !ok {
				t.Errorf("pagination lacks %s", key)
			}
		}
		if page["limit"] != 10.0 || page["current_page"] != 1.0 || page["total_count"] != got["totalItems"] {
			t.Errorf("pagination is %v of %v", page, got["totalItems"])
		}
		found := admin.with(t).get("/api/admin/logs?search=Uma+Vale&limit=5&sortField=created_at&sortDirection=asc&page=1").ok(nil).object()
		rows, _ := found["logs"].([]any)
		if len(rows) == 0 {
			t.Fatal("a search for the user's name finds nothing")
		}
		for _, row := range rows {
			for _, key := range []string{"_id", "user_id", "user_name", "activity", "details", "created_at"} {
				if _, ok := row.(object)[key]; !ok {
					t.Errorf("a row lacks %s: %v", key, row)
				}
			}
		}
		one := admin.with(t).get("/api/admin/logs?activity=Logged+in&limit=1&page=2").ok(nil).object()
		if rows, _ := one["logs"].([]any); len(rows) != 1 || rows[0].(object)["activity"] != "Logged in" {
			t.Errorf("page 2 of sign-ins is %v", one)
		}
	})
	t.Run("3.5 an update is in the log", func(t *testing.T) {
		admin.with(t).put("/api/admin/users/"+userID, object{"first_name": "Uta", "last_name": "Vale", "email": email, "role": "user", "status": "active"}).ok(nil)
		got := admin.with(t).get("/api/admin/logs?activity=Updated+user+profile&limit=1&sortDirection=desc").ok(nil).object()
		rows, _ := got["logs"].([]any)
		want := "Updated user: " + email + " - Changes: Name: Uma Vale → Uta Vale"
		if len(rows) != 1 || rows[0].(object)["details"] != want {
			t.Errorf("the last update is %v, want %q", rows, want)
		}
	})
	t.Run("3.5 POST /api/admin/logs/cleanup", func(t *testing.T) {
		admin.with(t).post("/api/admin/logs/cleanup", object{"days_to_keep": 90}).ok(object{"message": "Successfully cleaned up logs", "deleted_count": 0})
		admin.with(t).post("/api/admin/logs/cleanup", object{}).ok(object{"deleted_count": 0})
		admin.with(t).post("/api/admin/logs/cleanup", object{"days_to_keep": "many"}).namesField("days_to_keep")
		admin.with(t).post("/api/admin/logs/cleanup", object{"days_to_keep": -1}).namesField("days_to_keep")
	})
}
