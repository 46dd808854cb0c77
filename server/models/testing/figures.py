# The figures that fit.test.ts compares with, computed by scikit-learn 1.9.1 and numpy 2.4.6:
#   python3 -m venv venv && venv/bin/pip install numpy scikit-learn && venv/bin/python server/models/testing/figures.py
import json
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB, CategoricalNB
from sklearn.metrics import roc_auc_score, log_loss
rows=[]
# plain integer arithmetic, so that SQL and JavaScript can make the same rows
for i in range(1,401):
    age=(i*37)%61+18
    spend=((i*i*7)%997)/10
    plan=['basic','plus','pro','ähnlich 世界'][(i*13)%7%4]
    active=(i*11)%5<3
    z=(age-48)/12+(spend-45)/40+(0.8 if plan=='pro' else -0.4)+(0.5 if active else -0.3)
    noise=((i*7919)%1000)/1000
    y = 1/(1+np.exp(-z))>noise
    rows.append((age,spend,plan,active,y))
X=np.array([[r[0],r[1]] for r in rows],float); y=np.array([r[4] for r in rows])
mu,sd=X.mean(0),X.std(0)
Z=(X-mu)/sd
plans=sorted(set(r[2] for r in rows),key=lambda p:(-sum(r[2]==p for r in rows),p.encode()))
P=np.array([[r[2]==p for p in plans] for r in rows],float)
A=np.array([[not r[3],r[3]] for r in rows],float)
D=np.hstack([Z,P,A])
lr=LogisticRegression(C=1.0,solver='newton-cholesky',tol=1e-12,max_iter=1000).fit(D,y)
g=GaussianNB(var_smoothing=0).fit(X,y)
c=CategoricalNB(alpha=1,min_categories=[2]).fit(np.array([[int(r[3])] for r in rows]),y)
def nb(r):
    ll=[]
    for k in (0,1):
        s=np.log(g.class_prior_[k])
        for f in (0,1):
            v=g.var_[k][f]; s+=-0.5*np.log(2*np.pi*v)-(X[r][f]-g.theta_[k][f])**2/(2*v)
        s+=c.feature_log_prob_[0][k][int(rows[r][3])]
        # any other plan counts as one value: five for four plans
        n=sum(1 for q in rows if q[4]==bool(k)); m=sum(1 for q in rows if q[4]==bool(k) and q[2]==rows[r][2])
        s+=np.log((m+1)/(n+len(plans)+1)); ll.append(s)
    return ll[1]-ll[0]
print(json.dumps(dict(positives=int(y.sum()),plans=plans,mean=mu.tolist(),sd=sd.tolist(),
 intercept=lr.intercept_[0],coef=lr.coef_[0].tolist(),lr=lr.predict_proba(D)[:5,1].tolist(),
 lr_auc=roc_auc_score(y,lr.predict_proba(D)[:,1]),lr_loss=log_loss(y,lr.predict_proba(D)[:,1]),
 nb=[nb(i) for i in range(5)], gtheta=g.theta_.tolist()),indent=1,ensure_ascii=False))
