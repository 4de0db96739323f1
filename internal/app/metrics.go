package app

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"chatmood/internal/account"
	"chatmood/internal/mail"
	"chatmood/internal/store/mongo"
)

// scrapeTimeout is how long a scrape waits for the outbox to be counted.
const scrapeTimeout = 2 * time.Second

// outboxMails counts the mails of the outbox when it is scraped, once for all
// states. While the database is away there is no figure.
type outboxMails struct {
	outbox *mail.Outbox
	desc   *prometheus.Desc
}

// Describe implements [prometheus.Collector].
func (m outboxMails) Describe(ch chan<- *prometheus.Desc) { ch <- m.desc }

// Collect implements [prometheus.Collector].
func (m outboxMails) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrapeTimeout)
	defer cancel()
	stats, err := m.outbox.Stats(ctx)
	if err != nil {
		return
	}
	ch <- prometheus.MustNewConstMetric(m.desc, prometheus.GaugeValue, float64(stats.Waiting), "waiting")
	ch <- prometheus.MustNewConstMetric(m.desc, prometheus.GaugeValue, float64(stats.Dead), "dead")
}

// registerMetrics exposes every stage of the way from Twitch to the viewers.
func (a *App) registerMetrics(reg *prometheus.Registry) {
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	info := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "chatmood_build_info", Help: "Always 1; the version is a label."}, []string{"version"})
	info.WithLabelValues(a.opts.Version).Set(1)
	reg.MustRegister(info)

	certificate := func() float64 {
		if a.certs == nil || a.certs.Expires().IsZero() {
			return 0
		}
		return float64(a.certs.Expires().Unix())
	}
	reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "chatmood_tls_certificate_expiry_timestamp_seconds", Help: "When the first of the server's own certificates expires, Unix time; 0 where it has none.",
	}, certificate))

	counter := func(name, help string, read func() float64) {
		reg.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, read))
	}
	gauge := func(name, help string, read func() float64) {
		reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, read))
	}

	// From Twitch.
	counter("chatmood_source_lines_total", "Lines read from chat servers.", func() float64 { return float64(a.reader.Stats().Lines) })
	counter("chatmood_source_bytes_total", "Bytes read from chat servers.", func() float64 { return float64(a.reader.Stats().Bytes) })
	counter("chatmood_source_broken_lines_total", "Lines that could not be read.", func() float64 {
		s := a.reader.Stats()
		return float64(s.Broken + s.Overlong)
	})
	counter("chatmood_source_reconnects_total", "Connections to chat servers that ended.", func() float64 { return float64(a.reader.Stats().Reconnects) })
	counter("chatmood_source_join_failures_total", "Joins that were refused or not answered.", func() float64 { return float64(a.reader.Stats().JoinFailures) })
	gauge("chatmood_source_connections", "Connections to chat servers.", func() float64 { return float64(a.reader.Stats().Connections) })
	gauge("chatmood_source_channels_live", "Channels whose chat is being read.", func() float64 { return float64(a.reader.Stats().Live) })
	gauge("chatmood_source_channels_failed", "Channels that cannot be read.", func() float64 { return float64(a.reader.Stats().Failed) })

	// Judged and counted.
	c := a.manager.Counters()
	counter("chatmood_messages_total", "Chat messages of channels that are being analysed.", func() float64 { return float64(c.Messages.Load()) })
	counter("chatmood_messages_duplicate_total", "Messages left out because they came before.", func() float64 { return float64(c.Duplicates.Load()) })
	counter("chatmood_messages_judged_total", "Messages judged.", func() float64 { return float64(c.Judged.Load()) })
	counter("chatmood_messages_unshown_total", "Messages judged and counted, but not shown to viewers, since the machine could not keep up.", func() float64 { return float64(c.Unshown.Load()) })
	counter("chatmood_messages_unjudged_total", "Messages neither judged nor counted, since the machine could not keep up.", func() float64 { return float64(c.Unjudged.Load()) })
	counter("chatmood_messages_deleted_total", "Messages taken back out after a moderator removed them.", func() float64 { return float64(c.Deletions.Load()) })
	counter("chatmood_gaps_total", "Outages of a channel after which reading went on.", func() float64 { return float64(c.Gaps.Load()) })
	gauge("chatmood_analyses", "Channels being analysed.", func() float64 { return float64(a.manager.Len()) })

	if a.model != nil {
		counter("chatmood_model_judged_total", "Messages judged by the model that SENTIMENT_MODEL names.", func() float64 { return float64(a.model.Stats().Model) })
		counter("chatmood_model_missed_total", "Messages that it did not get to in time; the fast engine judged them.", func() float64 { return float64(a.model.Stats().Fast) })
		counter("chatmood_model_failed_total", "Texts on which it failed.", func() float64 { return float64(a.model.Stats().Failed) })
		gauge("chatmood_model_waiting", "Texts that wait for it.", func() float64 { return float64(a.model.Stats().Waiting) })
	}

	// Kept.
	gauge("chatmood_checkpoint_age_seconds", "Time since everything was last stored.", func() float64 { return time.Since(a.manager.LastCheckpoint()).Seconds() })
	gauge("chatmood_checkpoint_waiting", "Analyses that wait to be stored.", func() float64 {
		waiting, _ := a.manager.StoreErr()
		return float64(waiting)
	})

	if db, ok := a.store.(interface{ PoolStats() mongo.PoolStats }); ok {
		pool := func(read func(mongo.PoolStats) float64) func() float64 {
			return func() float64 { return read(db.PoolStats()) }
		}
		gauge("chatmood_mongo_connections", "Connections to MongoDB.", pool(func(s mongo.PoolStats) float64 { return float64(s.Open) }))
		gauge("chatmood_mongo_connections_in_use", "Connections to MongoDB that serve a call.", pool(func(s mongo.PoolStats) float64 { return float64(s.InUse) }))
		gauge("chatmood_mongo_connections_max", "Bound of the connections to one MongoDB server (maxPoolSize in MONGO_URI); 0 for none.", pool(func(s mongo.PoolStats) float64 { return float64(s.Max) }))
		counter("chatmood_mongo_connections_created_total", "Connections made to MongoDB.", pool(func(s mongo.PoolStats) float64 { return float64(s.Created) }))
		counter("chatmood_mongo_waits_failed_total", "Calls to MongoDB that got no connection.", pool(func(s mongo.PoolStats) float64 { return float64(s.WaitsFailed) }))
		counter("chatmood_mongo_pools_cleared_total", "Times that all connections to a MongoDB server were given up.", pool(func(s mongo.PoolStats) float64 { return float64(s.Cleared) }))
	}

	// Delivered.
	counter("chatmood_bus_publish_errors_total", "Frames that the bus refused.", func() float64 { return float64(c.BusErrors.Load()) })
	counter("chatmood_frames_held_total", "Frames that were not published since the leases could not be renewed.", func() float64 { return float64(c.Held.Load()) })
	gauge("chatmood_servers", "Servers that share the channels, this one included.", func() float64 { return float64(len(a.nodes.node.Members())) })
	gauge("chatmood_clock_skew_seconds", "By how much the clock of another server differs from this one's at most.", func() float64 { return a.nodes.skew().Seconds() })
	gauge("chatmood_leases_valid", "1 while this server may publish and store, otherwise 0.", func() float64 {
		if a.nodes.node.Valid() {
			return 1
		}
		return 0
	})
	counter("chatmood_bus_dropped_total", "Times that a subscriber here was too slow for the bus.", func() float64 { return float64(a.bus.Dropped()) })
	counter("chatmood_frames_published_total", "Frames published for viewers.", func() float64 { return float64(c.Batches.Load()) })
	counter("chatmood_live_deliveries_total", "Messages delivered to viewers.", func() float64 { return float64(a.hub.Counts().Deliveries) })
	counter("chatmood_live_bytes_total", "Bytes written to viewers.", func() float64 { return float64(a.hub.Counts().Bytes) })
	counter("chatmood_live_gaps_total", "Times that a viewer was told of messages it missed.", func() float64 { return float64(a.hub.Counts().Gaps) })
	counter("chatmood_live_kicked_total", "Viewers closed because they were too slow.", func() float64 { return float64(a.hub.Counts().Kicked) })
	gauge("chatmood_live_blocked", "Sockets whose viewer takes nothing more for now.", func() float64 { return float64(a.hub.Stats().Blocked) })
	counter("chatmood_live_refused_total", "Viewers refused by a limit.", func() float64 { return float64(a.hub.Counts().Refused) })
	tokens := func(outcome string, read func(account.TokenCounts) int64) {
		reg.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "chatmood_tokens_total", Help: "Access tokens: issued, presented when expired, refused for another reason; and sign-ins ended before their time.", ConstLabels: prometheus.Labels{"outcome": outcome},
		}, func() float64 { return float64(read(a.accounts.TokenCounts())) }))
	}
	tokens("issued", func(c account.TokenCounts) int64 { return c.Issued })
	tokens("expired", func(c account.TokenCounts) int64 { return c.Expired })
	tokens("refused", func(c account.TokenCounts) int64 { return c.Refused })
	tokens("ended", func(c account.TokenCounts) int64 { return c.Ended })
	if outbox := a.accounts.Outbox; outbox != nil {
		reg.MustRegister(outboxMails{outbox, prometheus.NewDesc(
			"chatmood_outbox_mails", "Mails in the outbox: waiting to be sent, or dead (given up).", []string{"state"}, nil,
		)})
	}
	removed := func(kind string, read func() float64) {
		reg.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "chatmood_retention_removed_total", Help: "What was removed because its time was over.", ConstLabels: prometheus.Labels{"kind": kind},
		}, read))
	}
	removed("expired", func() float64 { n, _ := a.accounts.Removed(); return float64(n) })
	removed("logs", func() float64 { _, n := a.accounts.Removed(); return float64(n) })
	if a.accounts.Outbox != nil {
		removed("mails", func() float64 { return float64(a.accounts.Outbox.Removed()) })
	}
	if a.history != nil {
		removed("links", func() float64 { n, _ := a.history.Removed(); return float64(n) })
		removed("archived", func() float64 { _, n := a.history.Removed(); return float64(n) })
	}
	viewers := func(dialect string, read func() int) {
		reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "chatmood_live_viewers", Help: "Viewers connected now.", ConstLabels: prometheus.Labels{"dialect": dialect},
		}, func() float64 { return float64(read()) }))
	}
	viewers("batched", func() int { return a.hub.Stats().Batched })
	viewers("plain", func() int { return a.hub.Stats().Plain })
	viewers("sse", func() int { return a.hub.Stats().Streams })
}
