import { useParams } from 'react-router'
import { CompactView } from '../components/live/CompactView'
import { EmptyState } from '../components/states'
import { AnalyzeProvider } from '../contexts/AnalyzeContext'
import { useTitle } from '../hooks/useTitle'
import { t } from '../i18n'
import { cleanChannel } from '../lib/channel'

/** `/compact/:channel`: the compact view as a page, for a small window. */
export default function CompactPage() {
  const { channel: name = '' } = useParams()
  const channel = cleanChannel(name)
  useTitle(name)
  if (channel === undefined)
    return <EmptyState heading={t.live.badChannel(name)} text={t.live.badChannelText} />
  return (
    <AnalyzeProvider key={channel} channel={channel}>
      <main aria-label={t.live.title(channel)}>
        <CompactView />
      </main>
    </AnalyzeProvider>
  )
}
