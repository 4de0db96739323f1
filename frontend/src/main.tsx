import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { ApiError } from './api/client'
import { App } from './App'
import { AuthProvider } from './contexts/AuthContext'
import { language } from './i18n'
import { basePath, misplaced } from './lib/basePath'
import './styles/index.css'

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // A refusal stays a refusal; only an absent server is asked again by itself.
      retry: (failures, error) =>
        failures < 2 && error instanceof ApiError && (error.status === 0 || error.status >= 502),
      networkMode: 'always',
    },
    mutations: { networkMode: 'always' },
  },
})

document.documentElement.lang = language

const root = document.getElementById('root')
if (root === null) throw new Error('index.html has no element with id "root"')

// The page goes on running for a moment after it was sent elsewhere, and must
// not draw what it is leaving.
const rather = misplaced(basePath, window.location)
if (rather !== undefined) window.location.replace(rather)
else
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <AuthProvider>
          <App />
        </AuthProvider>
      </QueryClientProvider>
    </StrictMode>,
  )
