import { useParams } from 'react-router'
import { EmptyState } from '../components/states'
import { LiveView } from '../components/live/LiveView'
import { AnalyzeProvider } from '../contexts/AnalyzeContext'
import { t } from '../i18n'
import { cleanChannel } from '../lib/channel'

/** `/analyze/:channel` */
export default function LivePage() {
  const { channel: name = '' } = useParams()
  const channel = cleanChannel(name)
  if (channel === undefined)
    return <EmptyState heading={t.live.badChannel(name)} text={t.live.badChannelText} />
  return (
    <AnalyzeProvider key={channel} channel={channel}>
      <LiveView />
    </AnalyzeProvider>
  )
}
