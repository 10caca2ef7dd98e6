import aptos from '../manifests/networks/aptos.json' with { type: 'json' }
import awsSixRegions from '../manifests/networks/aws-six-regions.json' with { type: 'json' }
import azureSixRegions from '../manifests/networks/azure-six-regions.json' with { type: 'json' }
import gcpPeersdb2023 from '../manifests/networks/gcp-peersdb-2023.json' with { type: 'json' }
import gcpSixRegions from '../manifests/networks/gcp-six-regions.json' with { type: 'json' }
import lan from '../manifests/networks/lan.json' with { type: 'json' }
import none from '../manifests/networks/none.json' with { type: 'json' }
import planetlabLike from '../manifests/networks/planetlab-like.json' with { type: 'json' }
import star from '../manifests/networks/star.json' with { type: 'json' }
import uniform from '../manifests/networks/uniform.json' with { type: 'json' }
import wonderproxySixCities from '../manifests/networks/wonderproxy-six-cities.json' with { type: 'json' }

/** The profiles that come with the package, by name, as their files have them. */
export const bundledProfiles: Readonly<Record<string, unknown>> = {
  none,
  lan,
  uniform,
  star,
  'gcp-six-regions': gcpSixRegions,
  'gcp-peersdb-2023': gcpPeersdb2023,
  'aws-six-regions': awsSixRegions,
  'azure-six-regions': azureSixRegions,
  'wonderproxy-six-cities': wonderproxySixCities,
  aptos,
  'planetlab-like': planetlabLike
}
