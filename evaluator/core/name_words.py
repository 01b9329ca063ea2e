"""Words that are names too, and names that are terms: one of them alone is no sign of a person."""

from __future__ import annotations

PARTICLES = frozenset(
    "af al am an ap as aus av bat bin bint da dal dalla das de degli dei del della den der des di do dos du e el haj "
    "i ibn in la las le lo los mac mc na of op san santa sao st ten ter the und van vom von y zu zum zur".split()
)
"""What stands between the parts of a name; never a name by itself."""

TITLES = frozenset(
    "ba bsc cand dame dipl don dona dott dottssa dr drs eng er esq frau he her herr him his hon ii iii ing iv jr ma "
    "madame mag mba md med miss mlle mme monsieur mr mrs ms msc mx nat phd prof professor rer rev she sig signor "
    "signora sir sr sra srta them they".split()
)
"""What stands around a name in a table and is no part of it."""

# Given names and surnames that are ordinary words: in lower case they are that word.
WORDS = frozenset(
    "abbot ace acre aim aime ale alley amber amble ami an ange angel ann apple arch archer arm armour arrow art ash "
    "aspen august autumn bach baker ball band bank banks bar barber bark barn baron barrel base basil bass bates "
    "battle bay beach beacon beam bean bear beard beau beaver beck bee bell bench berry best bet bianchi bianco bill "
    "bird bishop black blade blanc blanco blank bliss block blood bloom blue board boat bold bolt bond bone book boot "
    "border boss boulanger bounds bow bowl bowls box brand brave bray breeze brew brick bridge bridges bright bring "
    "brisk broad broker brook brooks broom brown brush buck bud bueno bull burn burns bush butcher butler butter buy "
    "cable cage cake call calle camp campos can cannon cap cape captain card care carol carpenter carrier carter "
    "cartwright carver casa casas case cash castillo castle cat cave chain chamberlain chambers champion chance "
    "chancellor chandler chap charity charm chase check chef cherry chess chest chief chip choice church claire clark "
    "clay clear clement clerk cliff cloud clover coach coal coast coat cock coffee coin cold cole collar collier colt "
    "comb comfort commander constant cook cool cooper cope copper coral cord corn corner costa cotton count counter "
    "court coward cox craft crane cream crisp crook cross crow crown cruz crystal cull cup curl curry cutter dale dan "
    "dance dark dash data date dawn day deal dean dear deed deep deer delgado den desk destiny dew diamond dice dick "
    "dill dim ditto do dock dog dollar door dot dove drake draper draw dream dredge drew drive drum dry duck duke dun "
    "dust dusty dyer eagle earl early earnest east easter eden edge elder eli else ember emerald end english ernest "
    "essence eve even ever everest exit eye fair faith falcon fall fame fan fare farmer farrier fast fate father fawn "
    "fear feather fell fence fern ferry few field fields fig file finch find fine fiore fir fire fish fisher fit "
    "fitter fix flag flash fleet fletcher fleur flint flood floor flora flores flower flowers fly fog folk foot force "
    "ford foreman forest forester fork fort forth fortune foster found fountain fowler fox frank free freed freedom "
    "french friend frost fry fuente fuentes full fuller fun gable gain gale gall gallant gallo game garden gardener "
    "garland garner gate gates gem gene genesis gentle gentry german gift ginger gioia glass glazier glen glory "
    "glover go gold golden good goodman gore grace grain grand grange granger grant grass graves gray green greet "
    "grey grove groves guard guerra guess guest guide guild gull gunner guy hail hale hall ham hand hands handy hardy "
    "hare harm harmony harper harrow hart hatch hatter haven hawk hawker hay hazel he head heard heart heath heather "
    "heaven hedge helm help herald herb herd hermit hero hew hide high hill hilton hind hire hit holder hole holiday "
    "hollow holly holy home honey honor honour hood hook hope hopper horn horse host house hover hue huge hull humble "
    "hunt hunter hurt hush husk ian ice ida idol iglesias in inch inn ira iris iron is island it ivory ivy jack jade "
    "jam jan jar jasmine jay jean jet jewel jewels job jolly journey joy judge jump june juniper just juste justice "
    "kay keen keep keeper kettle key keys kid kind king kirk kiss kit kitchen kite knight knot knott kraft lace lad "
    "lake lamb lamp lance land lane large lark last late laurel law lawn lawyer lay lea leader leaf lean leblanc lee "
    "leg legend legrand lemon len leon leroy liberty light like lily lime link linn lion list little live lo loan "
    "lock long longest look loop lord lot lou love lovely low loyal luck lucky luna lush luz lyric mace made maiden "
    "main major man mane manner many maple mar march marchand marin marina marino mark marks marsh marshal marshall "
    "martel martial mason mass mast master mat max may mayo mead meadow mean means measure meek meg mellow melody "
    "memory mercer merchant mercy merit merry might mild miles milestone mill miller mills min mind mine miner minor "
    "mint miracle mist mister mo model moment money monk moon moore mora moral moreno morn morning moss most mount "
    "mountain mouse mule muse my myrtle mystery nail nat nature neal neat ned need neri never new newman nice nick "
    "night no noble noel noon norm normal north novel now nurse oak oaks ocean olive on only opal ora orange orchard "
    "order otter outlaw oven over owl pace pack page paige pain painter palace pale palm palmer pam parade paris "
    "parish park parker parks parson part past pat patch path patience paz peace peach peacock peak pear pearl peck "
    "pen penny pepper perch perfect pert petal peter petit pi pick picker pierce pierre pike pilgrim pilot pine pinto "
    "piper pitch pitt place plain plane plank plant player plaza pleasant plum plumber point pole pollard pond pont "
    "pool poor pope poppy port porter post potter pound powder power powers prado precious press price pride priest "
    "prime prince princess prior pro profit promise proof prosper proud prudence puente pull punch purdy pure queen "
    "quest quick quiet quill ra rain ram ramos ran raven raw ray read reader reading real red reed reel reeve regal "
    "regent reina rest reward rex rey reyes rhyme rice rich rico ride rider ridge ring rio rios rise river rivers rob "
    "robe robin rocha rock rocky rod roe roger roi rojas rojo roll rolls ron roof rook room root rope rosa rose "
    "rosemary rosso round rousseau roux row rowan royal rubio ruby rue rule rush russet russo rust rusty rye sable "
    "saddler sage sailor saint salas salt sam sand sandy santos sapphire saturn savage savior sawyer say scar scarlet "
    "school score scout sea seal seaman season self senior serene sergeant serra set shade shadow shaft shale sharp "
    "shaw sheen shell shepherd sherry shield shine ship shoe shore short shot sick sid side sierra silk silver simple "
    "singer single skill skinner skip skipper sky slate slaughter sleep slide slim small smart smith smoke snell snow "
    "so soil sol sole soler solo son song sorrow soul south space spark sparks sparrow speak spear speed spell spice "
    "spike spirit spring spruce squire stable staff stage stand star stark starling start steel steele steep step "
    "sterling stern steward still stock stone storm story stout strange straw stream street strength strict strong "
    "style sue sum summer summers sun sunday sunny sure surety swan sweet swift sylvan tab table tad tailor tale tall "
    "tam tan tanner tao tap taper tea teal ted temple tender tennis test the thorn thorne thrift thyme tide tiger "
    "tiller tim timber time tin tinker to todd toll tong tool top torch torre torres tower towers town trace tracer "
    "track trade trader train trainer travel tray treasure tree trip trophy troy true trust truth tucker tuner turner "
    "twin ty tyler under union unity upright us val vale valentine vallee valley van vance vane vega vera verdi "
    "verity vernal verse vest vet vi vice victor victory vine viola violet virtue vision viva wade wager wagon walk "
    "walker wall wallet walls wan ward warden ware warm warner wash water waters watt watts wave way wealth weaver "
    "webb webber wedge week weeks wei weigh well wells west wheat wheel wheeler whistler white wick wicker wild "
    "wilder will willing willow wills win wind winder window wine wing wink winner winter winters wise wish wit wolf "
    "wolfe wonder wood woodland woods word wordsworth work workman world worth wren wright yard year you young youth "
    "yu zeal zen zest zip".split()
)

# Names of methods, measures, tools and months: even a capital shows nothing.
TERMS = frozenset(
    "ada adagrad adam ai airflow alexa ansible apache april armijo august bayes bellman benford berkson bernoulli "
    "bert bessel bochner boltzmann bonferroni boole borel brier brown byzantine caffe cantor carlo cartesian "
    "cassandra cauchy celery chebyshev chernoff chi clara claude cohen colab cook copeland cox cramer dagster dalton "
    "dask databricks december delta dice dijkstra dirichlet django docker dunn durbin eigen einstein elmo elo ernie "
    "euclid euler excel fano fatou feast february fermat fisher flask fleiss flink fourier frechet friday friedman "
    "gabor galois galton gan gauss gaussian geary gemini gibbs gini glue goodhart gosset gradio grafana gram granger "
    "green grover gumbel hadamard hadoop hamming harrell haskell hastings hausdorff hawkes helm hermite hessian "
    "hilbert hinge hinton hive hoeffding holm hopfield hough huffman hume ito jaccard jackson jacobi january java "
    "javascript jenkins jensen jira jordan julia july june jupyter kafka kaggle kalman kaplan karhunen kelly kelvin "
    "kendall keras kibana kolmogorov krippendorff kruskal kubeflow kullback lagrange laplace lasso latex leibler "
    "leibniz leven levene levenshtein lime lipschitz logit lorenz luigi mae mahalanobis mann march markov matthews "
    "may mckinney mcnemar meier mercer metropolis mill minkowski mlflow monday mongo monte moore moran murphy nash "
    "neo nesterov newton neyman noether normal nosql november numpy nyquist nystrom october oracle pandas pareto "
    "parzen pascal pearson perl pig platt poisson popper potts prefect prim prometheus python r rademacher rao ray "
    "redis ridge riemann roc rocchio ruby rust saturday savage scala scott selenium september shannon shap shapley "
    "sherman sigmoid simpson skinner smirnov snowflake sobel spacy spark spearman sql storm student sunday swift "
    "tableau taylor theano thursday tikhonov torch travis trino tuesday tukey turing tversky uber vapnik venn viterbi "
    "voronoi wallis wasserstein watson wednesday weibull welch whitney wiener wilcoxon wilson winsor wolfe xavier "
    "yates youden young zipf zookeeper".split()
)

# Nouns that German writes with a capital: in a German text, that shows nothing.
NOUNS = frozenset(
    "bauer baum becker berg bischof brand braun busch engel ernst fuchs gross gruber hahn hammer haupt herr herz "
    "hirsch hof huber jager kaiser kaufmann keller klein koch konig kraft kramer kraus kruger kurz lang lehmann "
    "lehrer licht maurer meister metzger muller neumann pfeiffer reich richter ritter roth sattler schafer scharf "
    "schmidt schmied schneider schreiber schulz schuster schwarz seiler sommer sonne stark stein stern stolz sturm "
    "vogel vogt wagner wahl wald weber weiss winkler winter wolf zimmer zimmermann".split()
)
